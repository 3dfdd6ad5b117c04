import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { parseJson } from '#run/input/json-text.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';

const cdkJson = z.object({
  context: z.object({ sluice: z.object({ workers: z.object({ processors: z.record(z.string(), z.string()) }) }) }),
});

/**
 * The processors that are known without any request: the built-in ones, and those that `cdk.json` in this folder names.
 */
export function knownProcessors(file = 'cdk.json'): string[] {
  const { data } = cdkJson.safeParse(existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined);
  return [...PROCESSOR_NAMES, ...Object.keys(data?.context.sluice.workers.processors ?? {})];
}
