import { CommandError } from '#cli/command-error.ts';
import { EXIT, exitCodeOf } from '#cli/exit-code.ts';
import { explain } from '#cli/explain.ts';
import { problemText } from '#cli/screen/problem-text.ts';
import { Screen } from '#cli/screen/screen.ts';
import { UsageError } from '#cli/usage-error.ts';
import { LOCAL_USAGE, readOptions } from './options.ts';
import { runLocally } from './run-locally.ts';
import { StoppedError, stopSignal } from './stop-signal.ts';

const screen = new Screen();

process.exitCode = await main(process.argv.slice(2)).catch(end);

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    screen.print(LOCAL_USAGE.trimEnd());
    return 0;
  }
  const stop = stopSignal();
  try {
    return await runLocally(options, stop);
  } catch (error) {
    // An aborted operation throws many kinds of errors; the signal knows the real reason.
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}

function end(error: unknown): number {
  if (error instanceof StoppedError) {
    screen.say(`\nStopped (${error.message}); nothing is left running.`);
    return EXIT.interrupted;
  }
  const problem = explain(error instanceof UsageError ? mendedByHelp(error) : error);
  screen.say(`\n${problemText(problem, screen.paintBeside, screen.widthBeside)}`);
  return exitCodeOf(problem);
}

/** The help of `npm start` differs from that of `sluice`, so this error has its own advice. */
function mendedByHelp({ message }: UsageError): CommandError {
  return new CommandError('usage', message, { mend: '"npm start -- --help" shows the options' });
}
