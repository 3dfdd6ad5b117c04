import { type Problem, problemOf } from '#run/problem/problem.ts';
import { CommandError } from '../command-error.ts';
import { executionArnOf } from '../deployment/deployment.ts';
import { runIdOf } from '../deployment/run-id.ts';
import { EXIT } from '../exit-code.ts';
import { followRun } from '../follow/follow-run.ts';
import type { RunProgress } from '../follow/run-progress.ts';
import { servePage } from '../live/page-server.ts';
import { NoManifestError } from '../report/read-run.ts';
import { forDeployment } from '../screen/on-local.ts';
import { failureText, mendBlock } from '../screen/problem-text.ts';
import { indented } from '../screen/shown.ts';
import type { CommandContext } from './command.ts';
import { openInBrowser, report } from './report.ts';

/** The errors of the states that end an execution with its run's outcome. */
const OUTCOMES: ReadonlySet<string> = new Set(['Failed', 'Late']);

/** Without a terminal, changes that concern only rates and sizes are written at this interval. */
const PLAIN_SECONDS = 10;

export interface WatchOptions {
  /** Also serve the run's page on this machine. */
  readonly page?: boolean;
  /** The port for the page. @default any free port */
  readonly port?: number;
}

/**
 * `sluice watch`: follows a run to its end and reports it.
 *
 * @param options.page also serves the run's page, which is updated during the run, and opens it if there is a terminal.
 * @returns the exit code.
 * @throws CommandError if the run does not exist.
 */
export async function watch(context: CommandContext, run: string, { page, port }: WatchOptions = {}): Promise<number> {
  const { sfn, s3, store, deployment, screen, signal } = context;
  await using served = new AsyncDisposableStack();
  const server = page === true ? served.use(await servePage(store, runIdOf(run), port)) : undefined;
  if (server !== undefined) {
    screen.say(`The page is ${server.url}`);
    if (screen.isLive) openInBrowser(server.url);
  }
  const show = progressShower(context);
  let last: Problem | undefined;
  try {
    const { end } = await followRun({ sfn, s3 }, executionArnOf(deployment, run), {
      signal,
      pollSeconds: screen.isLive ? 1 : 2,
      onProgress: show,
      onLook: ({ newFailures }) => {
        for (const failure of newFailures)
          screen.say(
            `${failure.at}  ${screen.paintBeside('bad', 'failed')}  ${failureText(failure, screen.paintBeside)}`,
          );
      },
      onEvent: (event) => {
        // The execution ends with the error of its last state, which was shown then, or with its outcome, which the
        // report shows.
        if (event.kind !== 'fault' && event.kind !== 'ended') return;
        if (event.error === undefined || event.error === last?.error || OUTCOMES.has(event.error)) return;
        const { error: name, message } = event;
        last = problemOf({ name, message }, { fallback: 'run-broke', run: runIdOf(run) });
        screen.say(`${event.at.toISOString()}  ${screen.paintBeside('bad', last.code)}: ${indented(last.detail)}`);
      },
    });
    screen.clear();
    const code = await report(context, run).catch((error: unknown) => {
      // A run that failed in Plan has no manifest, and its history has shown the reason.
      if (!(error instanceof NoManifestError) || end.status === 'SUCCEEDED') throw error;
      if (last === undefined) throw error;
      screen.say(forDeployment(mendBlock(last, screen.paintBeside), context));
      return EXIT.failed;
    });
    await server?.lastLook();
    return code;
  } catch (error) {
    if (signal.aborted) {
      throw new CommandError('interrupted', `the watching of run ${runIdOf(run)} was interrupted; the run goes on`, {
        mend: `"npx sluice watch ${runIdOf(run)}" follows it again, "npx sluice cancel ${runIdOf(run)}" stops it`,
        cause: error,
      });
    }
    if ((error as Error).name !== 'ExecutionDoesNotExist') throw error;
    throw new CommandError('no-such-run', `there is no run ${JSON.stringify(run)}`, { cause: error });
  } finally {
    screen.clear();
  }
}

/** Draws each state of the progress on a terminal. Without a terminal, it writes only changes. */
function progressShower({ screen }: CommandContext): (progress: RunProgress) => void {
  let summary = '';
  let written = 0;
  return (progress) => {
    const now = performance.now();
    if (!screen.isLive && progress.summary === summary && now - written < PLAIN_SECONDS * 1_000) return;
    summary = progress.summary;
    written = now;
    screen.progress(progress.lines(), String(progress), progress.at);
  };
}
