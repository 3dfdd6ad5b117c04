import { createInterface } from 'node:readline';
import { defineProcessor } from 'sluice/processors';
import * as z from 'zod';

/** Counts the lines of a landed text file. */
export const countLines = defineProcessor({
  name: 'count-lines',
  options: z.strictObject({ skipEmpty: z.boolean().default(false) }),
  async process(item, context) {
    let lines = 0;
    for await (const line of createInterface({ input: context.openInput() })) {
      if (!item.options.skipEmpty || line !== '') lines++;
      context.progress({ lines });
    }
    return { lines };
  },
});
