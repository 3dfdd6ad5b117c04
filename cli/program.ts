import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { BackfillOptions } from './commands/backfill.ts';
import type { CommandContext } from './commands/command.ts';
import type { Shell } from './commands/completion.ts';
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
import { Mistakes } from './input/mistakes.ts';
import { reportAllMistakes } from './input/strict-command.ts';
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
 * @param mistakes receives all that is wrong with the command line.
 */
export function sluiceProgram(
  version: string,
  { screen, signal }: Terminal,
  end: (code: number) => void,
  mistakes = new Mistakes(),
): Command {
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
    .argument('[url...]', "the URLs to land; without a URL, the deployment's default input")
    .option('--key <key>', 'the key in the bucket, if there is only one URL')
    .option('--to <prefix>', 'a prefix for the keys of all URLs')
    .option('--from <file>', 'a file with a list of sources, which the command uploads (docs/input.md)')
    .option('--input <file>', 'an execution input as JSON (docs/input.md); "-" reads standard input')
    .option('--process <name>', 'the processor to run on each landed object')
    .option('--on-late <word>', 'what to do when time is up: partial (close the run without the missing items) or fail')
    .option('--name <run>', "the new run's id")
    .option('--detach', "print the run's id and do not wait for it")
    .option('--dry-run', 'check the input, probe each source, and show size, time and dollars; start nothing')
    .action(async (urls: string[], options: Omit<RunOptions, 'urls'> & Common & { dryRun?: boolean }) => {
      const { prepareRun, run } = await import('./commands/run.ts');
      const prepared = await prepareRun({ ...options, urls }, mistakes);
      const { dryRun } = await import('./commands/dry-run.ts');
      if (options.dryRun === true) return end(await dryRun(prepared, screen, options.json === true, signal));
      // Finding the deployment takes a second or two, so this shows that the command is working.
      if (options.json !== true) screen.progress(['Starting'], 'starting');
      return end(await run(await connected(options), prepared, options));
    });

  onDeployment('watch', 'follow a run to its end; Ctrl-C stops this command, and the run continues')
    .argument('<run>', RUN)
    .option('--page', "also serve the run's page on this machine, and update it while the run goes on")
    .option('--port <number>', 'the port of that page; by default, any free port', whole(1, 65_535))
    .action(async (run: string, options: WatchOptions & Common) => {
      const { watch } = await import('./commands/watch.ts');
      if (options.port !== undefined && options.page !== true) mistakes.add('--port is the port of --page: add --page');
      await mistakes.all();
      end(await watch(await connected(options), run, options));
    });

  onDeployment('runs', 'list the latest runs')
    .option('--limit <number>', 'the number of runs', whole(1, 10_000), 20)
    .addOption(
      new Option('--outcome <word>', 'list only runs with this state or outcome').choices([
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

  onDeployment('status', 'show the progress of a run')
    .argument('<run>', RUN)
    .action(async (run: string, options: Common) => {
      const { status } = await import('./commands/status.ts');
      end(await status(await connected(options), run));
    });

  onDeployment('report', 'show the outcome of a run that has ended')
    .argument('<run>', RUN)
    .option('--open', "also open the run's page in the browser")
    .action(async (run: string, options: Common & { open?: boolean }) => {
      const { report } = await import('./commands/report.ts');
      end(await report(await connected(options), run, options));
    });

  onDeployment('items', "list a run's items with their states")
    .argument('<run>', RUN)
    .option('--failed', 'list only failed items')
    .option('--missing', 'list only items that are neither done nor failed')
    .action(async (run: string, options: ItemsOptions & Common) => {
      const { items } = await import('./commands/items.ts');
      end(await items(await connected(options), run, options));
    });

  onDeployment('get', "download an item's object, or the outputs of its processor")
    .argument('<run>', RUN)
    .argument('<item>', "the item's name or id")
    .option('--outputs', 'download the outputs of the processor')
    .option('--to <path>', 'the file, or the folder for outputs; "-" writes to standard output')
    .action(async (run: string, item: string, options: GetOptions & Common) => {
      const { get, prepareGet } = await import('./commands/get.ts');
      await prepareGet(options, mistakes);
      end(await get(await connected(options), run, item, options));
    });

  onDeployment('logs', 'show the log lines of a run, from all functions and workers, in the order of time')
    .argument('<run>', RUN)
    .argument('[item]', 'show only lines that name this item')
    .action(async (run: string, item: string | undefined, options: Common) => {
      const { logs } = await import('./commands/logs.ts');
      end(await logs(await connected(options), run, item, options.stack));
    });

  onDeployment('retry', 'start a run of the failed and missing items of an earlier run')
    .argument('<run>', RUN)
    .option('--item <item>', 'run only this item, by name or id; repeat the option for more items', collect)
    .option('--on-late <word>', 'what to do when time is up: partial or fail')
    .option('--name <run>', "the new run's id")
    .option('--detach', "print the run's id and do not wait for it")
    .action(async (run: string, options: RetryOptions & Common) => {
      const { prepareRetry, retry } = await import('./commands/retry.ts');
      const prepared = await prepareRetry(run, options, mistakes);
      end(await retry(await connected(options), prepared, options));
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

  onDeployment('backfill', 'start a run for each time of a schedule between two times')
    .argument('<schedule>', "the schedule's name in cdk.json")
    .requiredOption('--from <time>', 'the first time, such as 2026-11-01 or 2026-11-01T04:30:00Z')
    .requiredOption('--to <time>', 'the last time; a day includes its last second')
    .option('--at-once <number>', 'the number of runs at the same time', whole(1, 100), 1)
    .option('--dry-run', 'list the times and start nothing')
    .action(async (schedule: string, options: BackfillOptions & Common) => {
      const { backfill, prepareBackfill } = await import('./commands/backfill.ts');
      const span = await prepareBackfill(options, mistakes);
      end(await backfill(await connected(options), schedule, options.stack, span, options));
    });

  onDeployment('open', 'open a run in the console of Step Functions')
    .argument('<run>', RUN)
    .action(async (run: string, options: Common) => {
      const { open } = await import('./commands/open.ts');
      end(await open(await connected(options), run));
    });

  onDeployment('smoke', 'after a deploy: start a run, and roll the deploy back if the run does not end complete')
    .option('--input <file>', 'an execution input as JSON (docs/input.md); "-" reads standard input')
    .option('--minutes <number>', 'the longest time that the run may take', whole(1, 360), 30)
    .option('--smoke-role <arn>', 'the role that starts the run; by default, your own credentials')
    .option(
      '--rollback-role <arn>',
      'the role that stores the template and deploys it again; by default, your own credentials',
    )
    .action(async (options: SmokeOptions) => {
      const { smoke } = await import('./commands/smoke.ts');
      end(await smoke(options, { screen, signal }, mistakes));
    });

  onDeployment('doctor', 'check what a deploy and a run need, and show how to mend each problem').action(
    async (options: Common) => {
      const { doctor } = await import('./commands/doctor.ts');
      end(await doctor(options, screen));
    },
  );

  onDeployment('wlm', 'show how long queries wait in the queues of the Redshift warehouse, and what to change')
    .option('--days <number>', 'the number of days to read; the system tables keep only some days', whole(1, 30), 7)
    .option('--html <file>', 'also write a page with a graph of every hour')
    .option('--workgroup <arn>', "a Serverless workgroup, instead of the deployment's warehouse")
    .option('--cluster <name>', "a provisioned cluster, instead of the deployment's warehouse")
    .option('--database <name>', 'the database to connect to')
    .option('--secret <arn>', 'a secret that contains the database user; by default, your IAM identity is the user')
    .option('--db-user <name>', 'a database user of a cluster')
    .action(async (options: WlmCommand) => {
      const { wlm } = await import('./commands/wlm.ts');
      end(await wlm(options, screen, mistakes));
    });

  program
    .command('validate')
    .summary('check an execution input, without AWS')
    .description(
      'Check an execution input with the same code as Plan, without AWS. Show what it would land now, and where.',
    )
    .argument('<file>', 'an execution input as JSON (docs/input.md)')
    .option('--json', 'print JSON instead of text')
    .action(async (file: string, options: { json?: boolean }) => {
      const { validate } = await import('./commands/validate.ts');
      end(await validate(file, screen, options.json === true));
    });

  program
    .command('copy')
    .summary('copy URLs into S3, without a deployment')
    .description(COPY)
    .argument('<url...>', 'http or https URLs; the last argument is s3://bucket/key or s3://bucket/prefix/')
    .option('--from <file>', 'a file with more URLs, one in each line')
    .option(
      '--header <header>',
      'a header for each request to the source, "Name: value"; repeat the option for more headers',
      collect,
    )
    .addOption(
      new Option('--if-exists <word>', 'what to do if the object exists already')
        .choices(['update', 'skip', 'overwrite', 'fail'])
        .default('update'),
    )
    .option('--expect-sha256 <hex>', 'store the file only if it has this hash', hex(64))
    .option('--expect-md5 <hex>', 'store the file only if it has this hash', hex(32))
    .option('--allow-unproven-end', 'accept a body if the source sends nothing that proves its end')
    .option('--max-gib <number>', 'refuse a larger source', gib)
    .option('--connections <number>', 'the number of connections to one host at the same time', whole(1, 64), 8)
    .option('--files-at-once <number>', 'the number of files at the same time', whole(1, 64), 4)
    .option(
      '--open-range <cidr>',
      'a range of private addresses to which sources may resolve; repeat the option for more ranges',
      collect,
    )
    .option('--endpoint <url>', 'the URL of an S3 server other than AWS')
    .option('--region <name>', 'the region of the bucket')
    .option('--profile <name>', 'a profile of the AWS configuration')
    .option('--path-style', 'put the bucket into the path, not into the host name (the default with --endpoint)')
    .option('--json', 'print one line of JSON for each file')
    .action(async (args: string[], options: Omit<CopyCommand, 'args'>) => {
      const { copy, prepareCopy } = await import('./commands/copy.ts');
      const prepared = await prepareCopy({ ...options, args }, mistakes);
      end(await copy(prepared, screen, signal));
    });

  program
    .command('probe')
    .summary('show the properties of a source, how it would land, and what that costs')
    .description(
      'Read the first 7 MiB of a source. Show the properties of the source, how it would land, and what that costs by list prices. The command stores nothing.',
    )
    .argument('<url>', 'an http or https URL')
    .option('--header <header>', 'a header for the request, "Name: value"; repeat the option for more headers', collect)
    .option(
      '--open-range <cidr>',
      'a range of private addresses to which the source may resolve; repeat the option for more ranges',
      collect,
    )
    .option('--json', 'print JSON instead of text')
    .action(async (url: string, options: ProbeCommand) => {
      const { prepareProbe, probe } = await import('./commands/probe.ts');
      const prepared = await prepareProbe(url, options, mistakes);
      end(await probe(prepared, screen, signal));
    });

  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Print a completion script for a shell. Use it like this: source <(npx sluice completion bash)')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: Shell) => {
      const { completion } = await import('./commands/completion.ts');
      end(completion(program, shell, screen));
    });

  for (const command of program.commands) reportAllMistakes(command, mistakes);
  program.hook('preAction', async (_program, command) => {
    if (!CHECKING.has(command.name())) await mistakes.all();
  });
  return program;
}

/** The commands that check their arguments themselves, and report all mistakes together. */
const CHECKING: ReadonlySet<string> = new Set([
  'run',
  'watch',
  'get',
  'retry',
  'backfill',
  'smoke',
  'wlm',
  'copy',
  'probe',
]);

function deploymentCommand(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .addOption(
      new Option('--stack <name>', 'the CloudFormation stack of the deployment').env('SLUICE_STACK').default('Sluice'),
    )
    .option('--local', 'use the deployment that "npm start -- --keep" keeps running on this machine')
    .option('--json', 'print JSON instead of text');
}

const EXITS = `The command finds credentials and region as the AWS CLI does: AWS_PROFILE,
AWS_REGION and so on.

Exit codes: 0 a complete run, 1 a failed run or command, 2 a mistake in the
command or a missing requirement, 3 a partial run, 4 a late run, 130 Ctrl-C.
docs/errors.md explains the code of each error.`;

// A paragraph is one line: the help wraps it at the width of the terminal.
const COPY = `Copy files from the web into S3 with the engine of Sluice. It needs no deployment.

The object appears only when it is whole and every byte is proven. After Ctrl-C, a kill or a reboot, run the same command again: it continues, and does not send again the parts that S3 has. If the source has changed in the meantime, the command reads it from its start.

Exit codes: 0 if all files are stored, 3 if some failed, 1 if all failed, 2 for a mistake in the command.`;

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
    throw new InvalidArgumentError(`takes ${digits} hexadecimal digits`);
  };
}

/** S3 stores no larger object. */
const MOST_GIB = 50_000;

function gib(value: string): number {
  const number = Number(value);
  if (value.trim() !== '' && number > 0 && number <= MOST_GIB) return number;
  throw new InvalidArgumentError(`takes a number above 0, up to ${MOST_GIB.toLocaleString('en')}`);
}

function whole(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`takes a whole number from ${least} to ${most.toLocaleString('en')}`);
  };
}
