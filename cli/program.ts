import { Command, InvalidArgumentError, Option } from 'commander';
import type { BackfillOptions } from './commands/backfill.ts';
import type { CommandContext } from './commands/command.ts';
import type { CopyCommand } from './commands/copy.ts';
import type { GetOptions } from './commands/get.ts';
import type { ItemsOptions } from './commands/items.ts';
import type { ProbeCommand } from './commands/probe.ts';
import type { RetryOptions } from './commands/retry.ts';
import type { RunOptions } from './commands/run.ts';
import type { RunsOptions } from './commands/runs.ts';
import type { SmokeOptions } from './commands/smoke.ts';
import type { WatchOptions } from './commands/watch.ts';
import type { WlmCommand } from './commands/wlm.ts';
import type { DeploymentOptions } from './deployment/connect.ts';
import type { Screen } from './screen/screen.ts';

/** What a command receives besides its own arguments. */
export interface Terminal {
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** The common options of all commands on a deployment. */
type Common = DeploymentOptions & { readonly json?: boolean };

const RUN = 'the id of a run, which is the name of its execution, or the ARN of the execution';

/**
 * The command line: every command with its arguments, options and help.
 *
 * The code of a command is loaded when it is called, so help and mistakes cost nothing.
 *
 * @param end receives the exit code of the command that ran.
 */
export function sluiceProgram(version: string, { screen, signal }: Terminal, end: (code: number) => void): Command {
  const program = new Command('sluice')
    .description('Lands files from the web in S3, and starts and follows runs of a deployed Sluice.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', `\n${EXITS}`)
    .configureOutput({
      writeOut: (text) => screen.print(withoutLastLineFeed(text)),
      writeErr: (text) => screen.say(withoutLastLineFeed(text)),
      // Mistakes are thrown as errors, and shown in one place.
      outputError: () => {},
    })
    .exitOverride();
  const connected = async ({ stack, local, json }: Common): Promise<CommandContext> => {
    const { connect } = await import('./deployment/connect.ts');
    const connection = await connect({ stack, ...(local === true && { local }) });
    return { ...connection, screen, signal, json: json === true };
  };
  const onDeployment = (name: string, summary: string) => deploymentCommand(program, name, summary);

  onDeployment('run', 'start a run and follow it to its end')
    .argument('[url...]', "what to land; without any, the deployment's default input")
    .option('--key <key>', 'where the one URL lands in the bucket')
    .option('--to <prefix>', 'a prefix for the keys of all URLs')
    .option('--from <file>', 'a list of sources: it is uploaded for the run (docs/input.md)')
    .option('--input <file>', 'an execution input as JSON (docs/input.md); "-" reads standard input')
    .option('--process <name>', 'the processor that each landed object gets')
    .option('--on-late <word>', 'what to do when time is up: partial (go on with what there is) or fail')
    .option('--name <run>', "the new run's id")
    .option('--detach', "print the run's id and do not wait for it")
    .option('--dry-run', 'check the input, ask each source what it is, show size, time and dollars, and start nothing')
    .action(async (urls: string[], options: Omit<RunOptions, 'urls'> & Common & { dryRun?: boolean }) => {
      const { prepareRun, run } = await import('./commands/run.ts');
      const prepared = await prepareRun({ ...options, urls });
      const { dryRun } = await import('./commands/dry-run.ts');
      if (options.dryRun === true) return end(await dryRun(prepared, screen, options.json === true, signal));
      // Finding the deployment takes a second or two, so this shows that the command is working.
      if (options.json !== true) screen.progress(['Starting'], 'starting');
      return end(await run(await connected(options), prepared, options));
    });

  onDeployment('watch', 'follow a run to its end; Ctrl-C ends the watching, not the run')
    .argument('<run>', RUN)
    .option('--page', "serve the run's page on this machine meanwhile, renewed as the run goes on")
    .option('--port <number>', 'where to serve it; any free port by default', whole(1, 65_535))
    .action(async (run: string, options: WatchOptions & Common) => {
      const { watch } = await import('./commands/watch.ts');
      end(await watch(await connected(options), run, options));
    });

  onDeployment('runs', 'list the latest runs')
    .option('--limit <number>', 'how many', whole(1, 10_000), 20)
    .addOption(
      new Option('--outcome <word>', 'only runs that are or ended so').choices([
        'running',
        'complete',
        'partial',
        'late',
        'failed',
        'stopped',
      ]),
    )
    .action(async (options: RunsOptions & Common) => {
      const { runs } = await import('./commands/runs.ts');
      end(await runs(await connected(options), options));
    });

  onDeployment('status', 'show how far a run is')
    .argument('<run>', RUN)
    .action(async (run: string, options: Common) => {
      const { status } = await import('./commands/status.ts');
      end(await status(await connected(options), run));
    });

  onDeployment('report', 'show what came of a run that has ended')
    .argument('<run>', RUN)
    .option('--open', 'open its page in the browser, too')
    .action(async (run: string, options: Common & { open?: boolean }) => {
      const { report } = await import('./commands/report.ts');
      end(await report(await connected(options), run, options));
    });

  onDeployment('items', "list a run's items with their states")
    .argument('<run>', RUN)
    .option('--failed', 'only failed ones')
    .option('--missing', 'only those that are neither done nor failed')
    .action(async (run: string, options: ItemsOptions & Common) => {
      const { items } = await import('./commands/items.ts');
      end(await items(await connected(options), run, options));
    });

  onDeployment('get', "download an item's object, or the outputs of its processor")
    .argument('<run>', RUN)
    .argument('<item>', "the item's name or id")
    .option('--outputs', 'the outputs of the processor')
    .option('--to <path>', 'the file, the folder for outputs, or "-" for standard output')
    .action(async (run: string, item: string, options: GetOptions & Common) => {
      const { get } = await import('./commands/get.ts');
      end(await get(await connected(options), run, item, options));
    });

  onDeployment('logs', 'show the log lines of a run, of all functions and workers in the order of time')
    .argument('<run>', RUN)
    .argument('[item]', 'only lines that name this item')
    .action(async (run: string, item: string | undefined, options: Common) => {
      const { logs } = await import('./commands/logs.ts');
      end(await logs(await connected(options), run, item, options.stack));
    });

  onDeployment('retry', 'start a run of what an earlier one left failed or missing')
    .argument('<run>', RUN)
    .option('--item <item>', 'only this item, by name or id; may be given again', collect)
    .option('--on-late <word>', 'what to do when time is up: partial or fail')
    .option('--name <run>', "the new run's id")
    .option('--detach', "print the run's id and do not wait for it")
    .action(async (run: string, options: RetryOptions & Common) => {
      const { retry } = await import('./commands/retry.ts');
      end(await retry(await connected(options), run, options));
    });

  onDeployment('cancel', 'stop one run')
    .argument('<run>', RUN)
    .action(async (run: string, options: Common) => {
      const { cancel } = await import('./commands/cancel.ts');
      end(await cancel(await connected(options), run));
    });

  onDeployment('stop', 'stop every run and every worker, and wait until nothing runs: before "cdk destroy"').action(
    async (options: Common) => {
      const { stop } = await import('./commands/stop.ts');
      end(await stop(await connected(options)));
    },
  );

  onDeployment('backfill', 'start a run for each time that a schedule stands for in a span')
    .argument('<schedule>', "the schedule's name in cdk.json")
    .requiredOption('--from <time>', 'the first time, such as 2026-11-01 or 2026-11-01T04:30:00Z')
    .requiredOption('--to <time>', 'the last time; a day stands for its end')
    .option('--at-once <number>', 'runs at the same time', whole(1, 100), 1)
    .option('--dry-run', 'list the times and start nothing')
    .action(async (schedule: string, options: BackfillOptions & Common) => {
      const { backfill } = await import('./commands/backfill.ts');
      end(await backfill(await connected(options), schedule, options.stack, options));
    });

  onDeployment('open', 'open a run in the console of Step Functions')
    .argument('<run>', RUN)
    .action(async (run: string, options: Common) => {
      const { open } = await import('./commands/open.ts');
      end(await open(await connected(options), run));
    });

  onDeployment('smoke', 'after a deploy: a run that has to end complete, or the deploy is rolled back')
    .option('--input <file>', 'an execution input as JSON (docs/input.md); "-" reads standard input')
    .option('--minutes <number>', 'how long the run may take', whole(1, 360), 30)
    .option('--smoke-role <arn>', 'the role that runs the state machine; otherwise your own credentials do')
    .option(
      '--rollback-role <arn>',
      'the role that keeps the template and puts it back; otherwise your own credentials do',
    )
    .action(async (options: SmokeOptions) => {
      const { smoke } = await import('./commands/smoke.ts');
      end(await smoke(options, { screen, signal }));
    });

  onDeployment('doctor', 'look at what a deploy and a run need, and say how to mend what is missing').action(
    async (options: Common) => {
      const { doctor } = await import('./commands/doctor.ts');
      end(await doctor(options, screen));
    },
  );

  onDeployment('wlm', 'show how long queries wait in the queues of the Redshift warehouse, and what to change')
    .option('--days <number>', 'how far back; the system tables keep some days', whole(1, 30), 7)
    .option('--html <file>', 'write a page with a graph of every hour, too')
    .option('--workgroup <arn>', "a Serverless workgroup, instead of the deployment's warehouse")
    .option('--cluster <name>', "a provisioned cluster, instead of the deployment's warehouse")
    .option('--database <name>', 'the database to connect to')
    .option('--secret <arn>', 'a secret with the database user; otherwise the one of your IAM identity')
    .option('--db-user <name>', 'a database user of a cluster')
    .action(async (options: WlmCommand) => {
      const { wlm } = await import('./commands/wlm.ts');
      end(await wlm(options, screen));
    });

  program
    .command('validate')
    .summary('check an execution input, without AWS')
    .argument('<file>', 'an execution input as JSON (docs/input.md)')
    .option('--json', 'JSON instead of text')
    .action(async (file: string, options: { json?: boolean }) => {
      const { validate } = await import('./commands/validate.ts');
      end(await validate(file, screen, options.json === true));
    });

  program
    .command('copy')
    .summary('copy URLs into S3, without a deployment')
    .description(COPY)
    .argument('<url...>', 'http or https URLs, and last s3://bucket/key or s3://bucket/prefix/')
    .option('--from <file>', 'a file with further URLs, one a line')
    .option('--header <header>', 'a header for each request to the source, "Name: value"; may be given again', collect)
    .addOption(
      new Option('--if-exists <word>', 'what to do where the object is there already')
        .choices(['update', 'skip', 'overwrite', 'fail'])
        .default('update'),
    )
    .option('--expect-sha256 <hex>', 'store nothing else than the file with this hash', hex(64))
    .option('--expect-md5 <hex>', 'store nothing else than the file with this hash', hex(32))
    .option('--allow-unproven-end', 'take a body whose end the source can not prove')
    .option('--max-gib <number>', 'refuse a source that is larger', positive)
    .option('--connections <number>', 'connections to a host at the same time', whole(1, 64), 8)
    .option('--files-at-once <number>', 'files at the same time', whole(1, 64), 4)
    .option('--open-range <cidr>', 'a private range of addresses that sources may be at; may be given again', collect)
    .option('--endpoint <url>', 'another S3 than AWS')
    .option('--region <name>', 'the region of the bucket')
    .option('--profile <name>', 'a profile of the AWS configuration')
    .option('--path-style', 'the bucket in the path, not in the host name (the default with an endpoint)')
    .option('--json', 'a JSON object a line for each file')
    .action(async (args: string[], options: Omit<CopyCommand, 'args'>) => {
      const { copy } = await import('./commands/copy.ts');
      end(await copy({ ...options, args }, screen, signal));
    });

  program
    .command('probe')
    .summary('say what a URL is, how it would land, and what that costs')
    .description(
      'Asks a source for its first 5 MiB, and says what the source is, how it would land, and what that costs by list prices. It stores nothing.',
    )
    .argument('<url>', 'an http or https URL')
    .option('--header <header>', 'a header for the request, "Name: value"; may be given again', collect)
    .option(
      '--open-range <cidr>',
      'a private range of addresses that the source may be at; may be given again',
      collect,
    )
    .option('--json', 'JSON instead of text')
    .action(async (url: string, options: ProbeCommand) => {
      const { probe } = await import('./commands/probe.ts');
      end(await probe(url, options, screen, signal));
    });

  program
    .command('completion')
    .summary('print a completion script for a shell')
    .argument('<shell>', 'bash, zsh or fish')
    .action(async (shell: string) => {
      const { completion } = await import('./commands/completion.ts');
      end(completion(program, shell, screen));
    });

  return program;
}

function deploymentCommand(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addOption(
      new Option('--stack <name>', 'the CloudFormation stack of the deployment').env('SLUICE_STACK').default('Sluice'),
    )
    .option('--local', 'the deployment that "npm start -- --keep" keeps running on this machine')
    .option('--json', 'JSON instead of text');
}

const EXITS = `Credentials and region come from where the AWS CLI takes them: AWS_PROFILE,
AWS_REGION and so on.

Exit codes: 0 a complete run, 1 a failed run or command, 2 a mistake in the
command or in what it needs from you, 3 a partial run, 4 a late one, 130 Ctrl-C.
docs/errors.md explains the code of each error.`;

// A paragraph is one line: the help wraps it at the width of the terminal.
const COPY = `Copies files from the web into S3 by the engine of Sluice. It needs no deployment.

The object appears whole or not at all, with every byte proven. Interrupted by Ctrl-C, a kill or a reboot, the same command goes on where it was: what S3 has got is not sent again. A source that changed in the meantime is read anew.

Ends with 0 where all files are there, 3 where some failed, 1 where all did, 2 for a mistake in the command.`;

/** The screen adds a line feed to each text itself. */
function withoutLastLineFeed(text: string): string {
  return text.replace(/\n$/, '');
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

function hex(digits: number): (value: string) => string {
  return (value) => {
    if (value.length === digits && /^[0-9a-f]+$/i.test(value)) return value.toLowerCase();
    throw new InvalidArgumentError(`It takes ${digits} hexadecimal digits.`);
  };
}

function positive(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It takes a number above 0.');
}

function whole(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most.toLocaleString('en')}.`);
  };
}
