import { CommandError } from '../command-error.ts';
import { executionArnOf, runIdOf } from '../deployment/deployment.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandContext } from './command.ts';
import { openInBrowser } from './report.ts';
import { describeRun } from './status.ts';

/** The consoles of AWS's partitions. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-cn': 'console.amazonaws.cn',
};

/** `sluice open`: prints the address of a run in the console of Step Functions, and opens it where there is a terminal. */
export async function open(context: CommandContext, run: string): Promise<number> {
  const { deployment, screen, json, region, isLocal } = context;
  if (isLocal) throw new CommandError('no-console', 'the embedded AWS has no console');
  await describeRun(context, run);
  const url = consoleUrl(executionArnOf(deployment, run), region);
  screen.print(json ? JSON.stringify({ run: runIdOf(run), url }) : url);
  if (screen.isLive && !json) openInBrowser(url);
  return EXIT.complete;
}

/** The page of an execution. @see https://docs.aws.amazon.com/step-functions/latest/dg/concepts-view-execution-details.html */
export function consoleUrl(executionArn: string, region: string): string {
  const partition = executionArn.split(':')[1] ?? 'aws';
  const host = CONSOLES[partition] ?? CONSOLES.aws;
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}
