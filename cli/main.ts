import { parseArgs } from 'node:util';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ECSClient } from '@aws-sdk/client-ecs';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { InvalidInputError } from '#run/errors.ts';
import { type CommandContext, report, retry, run, watch } from './commands/commands.ts';
import { stop } from './commands/stop.ts';
import { findDeployment } from './deployment/deployment.ts';
import { EXIT } from './exit-code.ts';
import { USAGE, UsageError } from './screen/usage.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());

// The reader of a pipe may have seen enough: "sluice report … | head".
let isRead = true;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  isRead = false;
  interrupt.abort();
});

process.exitCode = await main(process.argv.slice(2)).catch(explain);

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [command, ...rest] = positionals;
  if (values.help === true || command === undefined) {
    process.stdout.write(USAGE);
    return values.help === true ? 0 : EXIT.usage;
  }
  const { input: inputFile, process: processor, 'on-late': onLate, name, detach } = values;
  if (command === 'run') {
    return run(await connect(values.stack), { urls: rest, inputFile, process: processor, onLate, name, detach });
  }
  if (command === 'stop') {
    if (rest.length > 0) throw new UsageError('"sluice stop" takes no run: it stops all of the deployment');
    return stop(await connect(values.stack), new ECSClient());
  }
  const [runId, ...tooMany] = rest;
  if (command !== 'watch' && command !== 'report' && command !== 'retry')
    throw new UsageError(`there is no command "${command}"`);
  if (runId === undefined || tooMany.length > 0) throw new UsageError(`"sluice ${command}" takes one run`);
  const context = await connect(values.stack);
  if (command === 'retry') return retry(context, runId, { onLate, name, detach });
  return (command === 'watch' ? watch : report)(context, runId);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        input: { type: 'string' },
        process: { type: 'string' },
        'on-late': { type: 'string' },
        name: { type: 'string' },
        detach: { type: 'boolean' },
        stack: { type: 'string', default: 'Sluice' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

async function connect(stack: string): Promise<CommandContext> {
  return {
    sfn: new SFNClient(),
    s3: new S3Client(),
    deployment: await findDeployment(new CloudFormationClient(), stack),
    signal: interrupt.signal,
    print: (text) => process.stdout.write(`${text}\n`),
  };
}

/** Says what went wrong to the person who typed; a stack trace would tell them nothing. */
function explain(error: unknown): number {
  if (!isRead) return EXIT.complete;
  if (interrupt.signal.aborted) {
    process.stderr.write('\nStopped watching. The run goes on: "sluice watch" follows it again.\n');
    return EXIT.interrupted;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof UsageError) {
    process.stderr.write(`${message}\n"sluice --help" tells how it is used.\n`);
    return EXIT.usage;
  }
  process.stderr.write(`${message}\n`);
  return error instanceof InvalidInputError ? EXIT.usage : EXIT.failed;
}
