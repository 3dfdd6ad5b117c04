import { EXIT } from '#cli/exit-code.ts';
import { Screen } from '#cli/screen/screen.ts';
import { UsageError } from '#cli/screen/usage.ts';
import { InvalidInputError } from '#run/errors.ts';
import { LOCAL_USAGE, readOptions } from './options.ts';
import { runLocally } from './run-locally.ts';
import { StoppedError, stopSignal } from './stop-signal.ts';

const screen = new Screen();

process.exitCode = await main(process.argv.slice(2)).catch(explain);

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
    // What was aborted says so in many ways; why, the signal knows.
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}

function explain(error: unknown): number {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof StoppedError) {
    screen.say(`\nStopped (${message}); nothing is left running.`);
    return EXIT.interrupted;
  }
  const isUsage = error instanceof UsageError || error instanceof InvalidInputError;
  screen.say(`\n${message}${isUsage ? '\n"npm start -- --help" tells how it is used.' : ''}`);
  return isUsage ? EXIT.usage : EXIT.failed;
}
