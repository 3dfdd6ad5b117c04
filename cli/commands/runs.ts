import { type ExecutionListItem, paginateListExecutions } from '@aws-sdk/client-sfn';
import pMap from 'p-map';
import { type Manifest, manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { secondsText } from '#run/quantities.ts';
import { readJson } from '#run/store.ts';
import { EXIT } from '../exit-code.ts';
import { renderTable } from '../screen/table.ts';
import { toneOf } from '../screen/tones.ts';
import type { CommandContext } from './command.ts';

export interface RunsOptions {
  /** The number of runs to show. */
  readonly limit: number;
  /** Only runs that are `running`, or that ended with this outcome. */
  readonly outcome?: string;
}

const MANIFESTS_AT_ONCE = 8;

interface RunLine {
  readonly run: string;
  readonly outcome: string;
  readonly started: string;
  readonly seconds: number | null;
  readonly counts: Manifest['counts'] | null;
}

/** `sluice runs`: the latest runs, each with its outcome and counts. */
export async function runs(context: CommandContext, { limit, outcome }: RunsOptions): Promise<number> {
  const { screen, json, store } = context;
  const lines: RunLine[] = [];
  for await (const page of pages(context)) {
    const read = await pMap(page, (one) => lineOf(store, one), { concurrency: MANIFESTS_AT_ONCE });
    lines.push(...read.filter((line) => outcome === undefined || line.outcome === outcome));
    if (lines.length >= limit) break;
  }
  const shown = lines.slice(0, limit);
  if (json) {
    screen.print(JSON.stringify(shown));
    return EXIT.complete;
  }
  if (shown.length === 0) {
    screen.print(
      outcome === undefined
        ? 'There are no runs yet: "npx sluice run" starts one.'
        : `There is no run with the outcome ${outcome}.`,
    );
    return EXIT.complete;
  }
  screen.print(
    renderTable(
      [
        { head: 'run' },
        { head: 'outcome', tone: toneOf },
        { head: 'done', align: 'right' },
        { head: 'failed', align: 'right' },
        { head: 'missing', align: 'right' },
        { head: 'started', drop: 2 },
        { head: 'took', align: 'right', drop: 1 },
      ],
      shown.map(({ run, outcome: word, counts, started, seconds }) => [
        run,
        word,
        counts === null ? '' : `${counts.done} of ${counts.items}`,
        counts === null ? '' : String(counts.failed),
        counts === null ? '' : String(counts.missing),
        started,
        seconds === null ? '' : secondsText(seconds),
      ]),
      screen.width,
      screen.paint,
    ),
  );
  return EXIT.complete;
}

async function* pages({ sfn, deployment, signal }: CommandContext): AsyncGenerator<ExecutionListItem[]> {
  const { stateMachineArn } = deployment;
  for await (const { executions = [] } of paginateListExecutions({ client: sfn, pageSize: 50 }, { stateMachineArn })) {
    signal.throwIfAborted();
    yield executions;
  }
}

async function lineOf(store: CommandContext['store'], one: ExecutionListItem): Promise<RunLine> {
  const { name: run = '', status, startDate, stopDate } = one;
  const base = {
    run,
    started: startDate?.toISOString() ?? '',
    seconds: stopDate && startDate ? (stopDate.getTime() - startDate.getTime()) / 1_000 : null,
  };
  if (status === 'RUNNING') return { ...base, outcome: 'running', counts: null };
  const manifest = await readJson(store, runKeys(run).manifest, manifestSchema);
  const counts = manifest?.counts ?? null;
  // A person has stopped the run: its manifest says failed, because it ended early.
  if (status === 'ABORTED') return { ...base, outcome: 'stopped', counts };
  return { ...base, outcome: manifest?.outcome ?? 'failed', counts };
}
