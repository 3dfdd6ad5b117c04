import { parseArgs } from 'node:util';
import { executionInput } from '#cli/input/execution-input.ts';
import { UsageError } from '#cli/usage-error.ts';

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
 * @throws UsageError for an unknown option or a combination that is not possible.
 * @throws InvalidInputError for an invalid URL or processor.
 */
export function readOptions(args: readonly string[]): LocalOptions {
  const { values, positionals: urls } = parse(args);
  const { process, late = false, redshift = false, keep = false, help = false } = values;
  if (late && urls.length > 0) throw new UsageError('--late runs the sample data: it takes no URLs');
  if (redshift && urls.length > 0) throw new UsageError('--redshift runs the sample data: it takes no URLs');
  if (redshift && late) throw new UsageError('--redshift and --late exclude each other');
  if (process !== undefined && urls.length === 0) throw new UsageError('--process needs URLs');
  if (urls.length > 0)
    executionInput({ sources: urls.map((url) => ({ url })), ...(process !== undefined && { process }) });
  return { urls, process, late, redshift, keep, help };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        process: { type: 'string' },
        late: { type: 'boolean' },
        redshift: { type: 'boolean' },
        keep: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
