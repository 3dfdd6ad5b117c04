/** The worker of `worker-rate.ts`: the real worker, with a processor that returns at once. */
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { runProgram } from '#worker/program.ts';

export const nothing = defineProcessor({
  name: 'nothing',
  options: z.strictObject({}),
  process: async () => null,
}) as Processor;

if (import.meta.main) {
  await runProgram(import.meta.filename, (name) => (name === nothing.name ? Promise.resolve(nothing) : undefined));
}
