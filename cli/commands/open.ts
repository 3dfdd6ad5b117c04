import { executionConsoleUrl } from '#page/console.ts';
import { CommandError } from '../command-error.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from './command.ts';
import { openInBrowser } from './report.ts';
import { describeRun } from './status.ts';

/** `sluice open`: prints the URL of a run in the console of Step Functions, and opens it if there is a terminal. */
export async function open(context: CommandContext, run: string): Promise<number> {
  const { deployment, screen, json, isLocal } = context;
  if (isLocal) throw new CommandError('no-console', 'the embedded AWS has no console');
  await describeRun(context, run);
  const url = executionConsoleUrl(executionArnOf(deployment, run));
  screen.print(json ? JSON.stringify({ run: runIdOf(run), url }) : url);
  if (screen.isLive && !json) openInBrowser(url);
  return EXIT.complete;
}
