import { existsSync, readFileSync } from 'node:fs';
import * as z from 'zod';
import { parseJson } from '#run/input/json-text.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';

const cdkJson = z.object({
  context: z.object({ sluice: z.object({ workers: z.object({ processors: z.record(z.string(), z.string()) }) }) }),
});
/** An app without settings in `cdk.json`: it may have them in its code. */
const appWithoutSettings = z.object({
  app: z.string(),
  context: z.object({ sluice: z.undefined().optional() }).optional(),
});

/**
 * The processors that are known without any request: the built-in ones, and those that `cdk.json` in this folder names.
 *
 * @returns undefined if the names are not known, because `cdk.json` belongs to an app with its settings in its code.
 * Then only Plan can check a name.
 */
export function knownProcessors(file = 'cdk.json'): string[] | undefined {
  const content = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined;
  if (appWithoutSettings.safeParse(content).success) return undefined;
  const { data } = cdkJson.safeParse(content);
  return [...PROCESSOR_NAMES, ...Object.keys(data?.context.sluice.workers.processors ?? {})];
}
