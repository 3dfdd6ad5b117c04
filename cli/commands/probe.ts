import { lookAtSource } from '#transfer/index.ts';
import { guardFor } from '../copy/guard-for.ts';
import { headersOf } from '../copy/headers-of.ts';
import { urlProblem } from '../copy/s3-destination.ts';
import { EXIT } from '../exit-code.ts';
import { costOfSource, sourceLines } from '../probe/source-lines.ts';
import type { Screen } from '../screen/screen.ts';
import { UsageError } from '../usage-error.ts';

export interface ProbeCommand {
  readonly header?: readonly string[];
  readonly openRange?: readonly string[];
  readonly json?: boolean;
}

/**
 * `sluice probe`: shows what a source is, how it would land, and what that costs.
 *
 * @returns the exit code: failed if the source would be refused.
 * @throws UsageError if the text is not a URL, and the errors for the source's answer.
 */
export async function probe(url: string, command: ProbeCommand, screen: Screen, signal: AbortSignal): Promise<number> {
  const problem = urlProblem(url);
  if (problem !== undefined) throw new UsageError(problem);
  const guard = guardFor([url], command.openRange ?? []);
  const look = await lookAtSource({ url, headers: headersOf(command.header ?? []) }, { guard, signal });
  if (command.json === true) screen.print(JSON.stringify({ ...look, dollars: costOfSource(look) }));
  else {
    const lines = sourceLines(look);
    const width = Math.max(...lines.map(([name]) => name.length));
    screen.print(look.url);
    for (const [name, value] of lines) screen.print(`  ${name.padEnd(width)}  ${value}`);
  }
  return look.lands === 'refused' ? EXIT.failed : EXIT.complete;
}
