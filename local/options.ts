import { executionInput } from '#cli/input/execution-input.ts';
import { UsageError } from '#cli/usage-error.ts';
import { InvalidInputError } from '#run/errors.ts';
import { parseAll } from './parse-all.ts';

export const LOCAL_USAGE = `Runs Sluice on this machine: it starts an embedded AWS, runs the real "cdk deploy", starts one run, and reports it.

  npm start                      lands sample data sets and processes them
  npm start -- URL URL …         lands these URLs instead
  npm start -- --late            shows a worker that is too slow: the gate waits, then ends the run and names the missing item
  npm start -- --redshift        loads two of the data sets into tables, twice, and shows how queries wait in a warehouse

Options
  --process NAME   the processor to run on each landed URL: profile
  --keep           keeps the embedded AWS running after the run, until Ctrl-C
  --help           shows this text

Needs no AWS account. sluice-out/<run>/ contains the files that the run landed and wrote.
Exit codes: 0 if everything succeeded, 3 if some URLs failed, 1 if all URLs or something else failed, 2 for a mistake in the command.
`;

/** The options of `npm start`. */
export interface LocalOptions {
  readonly urls: readonly string[];
  readonly process: string | undefined;
  readonly late: boolean;
  readonly redshift: boolean;
  readonly keep: boolean;
  readonly help: boolean;
}

/**
 * Reads the command line, and checks URLs and processor as Plan does later.
 *
 * @throws UsageError for unknown options and combinations that are not possible; InvalidInputError if only URLs or the
 * processor are invalid. Each names all problems.
 */
export function readOptions(args: readonly string[]): LocalOptions {
  const { values, positionals: urls, problems } = parseAll(args, OPTIONS, { allowPositionals: true });
  const { process, late = false, redshift = false, keep = false, help = false } = values;
  if (help) return { urls, process, late, redshift, keep, help };
  if (late && urls.length > 0) problems.push('--late runs the sample data: it takes no URLs');
  if (redshift && urls.length > 0) problems.push('--redshift runs the sample data: it takes no URLs');
  if (redshift && late) problems.push('--redshift and --late exclude each other: remove one of them');
  if (process !== undefined && urls.length === 0) problems.push('--process needs URLs: give one or more');
  try {
    if (urls.length > 0 || process !== undefined)
      executionInput({ sources: urls.map((url) => ({ url })), ...(typeof process === 'string' && { process }) });
  } catch (error) {
    if (!(error instanceof InvalidInputError) || problems.length === 0) throw error;
    problems.push(...error.problems);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return { urls, process, late, redshift, keep, help };
}

const OPTIONS = {
  process: { type: 'string' },
  late: { type: 'boolean' },
  redshift: { type: 'boolean' },
  keep: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;
