import { z } from 'zod';
import { defineProcessor } from '#processors/contract/processor.ts';

/** Fails, so that a test can look at the stack of an own processor's error. */
export const broken = defineProcessor({
  name: 'broken',
  options: z.strictObject({}),
  process() {
    throw new Error('broken on purpose');
  },
});
