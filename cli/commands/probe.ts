import type { SourceGuard } from '#net/guard/source-guard.ts';
import { lookAtSource } from '#transfer/index.ts';
import { guardFor } from '../copy/guard-for.ts';
import { headersOf } from '../copy/headers-of.ts';
import { urlProblem } from '../copy/s3-destination.ts';
import { EXIT } from '../exit-code.ts';
import type { Mistakes } from '../input/mistakes.ts';
import { costOfSource, sourceLines } from '../probe/source-lines.ts';
import type { Screen } from '../screen/screen.ts';

export interface ProbeCommand {
  readonly header?: readonly string[];
  readonly openRange?: readonly string[];
  readonly json?: boolean;
}

/** A probe whose arguments are checked. */
export interface PreparedProbe {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly guard: SourceGuard;
  readonly isJson: boolean;
}

/**
 * Checks the arguments of `sluice probe`, before any request.
 *
 * @throws UsageError with all problems.
 */
export async function prepareProbe(url: string, command: ProbeCommand, mistakes: Mistakes): Promise<PreparedProbe> {
  const problem = url === undefined ? undefined : urlProblem(url);
  if (problem !== undefined) mistakes.add(problem);
  const [headers, guard] = await mistakes.all(
    () => headersOf(command.header ?? []),
    () => guardFor([url], command.openRange ?? []),
  );
  return { url, headers, guard, isJson: command.json === true };
}

/**
 * `sluice probe`: shows what a source is, how it would land, and what that costs.
 *
 * @returns the exit code: failed if the source would be refused.
 * @throws the errors for the source's answer.
 */
export async function probe(
  { url, headers, guard, isJson }: PreparedProbe,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const look = await lookAtSource({ url, headers }, { guard, signal });
  if (isJson) screen.print(JSON.stringify({ ...look, dollars: costOfSource(look) }));
  else {
    const lines = sourceLines(look);
    const width = Math.max(...lines.map(([name]) => name.length));
    screen.print(look.url);
    for (const [name, value] of lines) screen.print(`  ${name.padEnd(width)}  ${value}`);
  }
  return look.lands === 'refused' ? EXIT.failed : EXIT.complete;
}
