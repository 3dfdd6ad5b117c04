import { createInterface } from 'node:readline';
import { z } from 'zod';
import { defineProcessor } from '#processors/contract/processor.ts';

/** Counts the lines of a landed text. */
export const countLines = defineProcessor({
  name: 'count-lines',
  options: z.strictObject({ skipEmpty: z.boolean().default(false) }),
  async process(item, context) {
    let lines = 0;
    for await (const line of createInterface({ input: context.openInput() })) {
      if (!item.options.skipEmpty || line !== '') lines++;
      context.progress({ lines });
    }
    context.logger.info('counted', { lines });
    return { lines };
  },
});
