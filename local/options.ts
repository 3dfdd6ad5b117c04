import { parseArgs } from 'node:util';
import { executionInput } from '#cli/input/execution-input.ts';
import { UsageError } from '#cli/usage-error.ts';

export const LOCAL_USAGE = `Runs Sluice on this machine: an embedded AWS, the real "cdk deploy", one run, its report.

  npm start                      lands sample data sets and processes them
  npm start -- URL URL …         lands these URLs instead
  npm start -- --late            shows a worker that is too slow: the gate waits, gives up, and names what is missing
  npm start -- --redshift        loads two of the data sets into tables, twice, and shows how queries wait in a warehouse

Options
  --process NAME   the processor that each landed URL gets: profile
  --keep           leaves the embedded AWS running after the run, until Ctrl-C
  --help           this text

Needs no AWS account. What the run landed and wrote is left in sluice-out/<run>/.
Ends with 0 where all came out as it should, 3 where some URLs failed, 1 where none came or something broke, 2 for a wrong command.
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
  if (late && urls.length > 0) throw new UsageError('--late shows the sample run; it takes no URLs');
  if (redshift && urls.length > 0) throw new UsageError('--redshift shows the sample run; it takes no URLs');
  if (redshift && late) throw new UsageError('--redshift or --late: one of the two');
  if (process !== undefined && urls.length === 0) throw new UsageError('--process goes with URLs');
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
