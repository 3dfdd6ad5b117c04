import { isDeepStrictEqual } from 'node:util';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { parseJson } from '#run/input/json-text.ts';
import { RUNS_PAGE_KEY } from '#run/keys.ts';
import { httpStatus, pauseAfterConflict, type Store, writeIf } from '#run/store.ts';
import { type ListedRun, runsDataSchema } from './listed-run.ts';
import { renderRunsPage } from './runs-page.ts';

/** The number of runs on the page: a run every hour for three weeks. */
export const RUNS_ON_PAGE = 500;
/**
 * Many runs may end at the same time, and each writes the page after the others: with the pauses, this is half a
 * minute.
 */
const ATTEMPTS = 40;
const DAY_MS = 86_400_000;

/** Too many runs ended at once: the page doesn't contain this one until it is listed again. */
export class NotListedError extends Error {
  override readonly name = 'NotListedError';
}

export interface RunsPage {
  readonly runs: readonly ListedRun[];
  /** Undefined if the page does not exist. */
  readonly etag: string | undefined;
  /** Why the existing page can't be read, for the log. */
  readonly unreadable?: string;
}

/** The runs that the page of all runs lists, the newest first. */
export async function readRunsPage(store: Store): Promise<RunsPage> {
  try {
    const { Body, ETag } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: RUNS_PAGE_KEY }));
    const found = dataIn((await Body?.transformToString()) ?? '');
    if (found.success) return { runs: found.data.runs, etag: ETag };
    const unreadable = `s3://${store.bucket}/${RUNS_PAGE_KEY} was not written by this version, so it is written from the start: ${found.error.message}`;
    return { runs: [], etag: ETag, unreadable };
  } catch (error) {
    if (httpStatus(error) === 404) return { runs: [], etag: undefined };
    throw error;
  }
}

function dataIn(page: string) {
  const [, json = 'null'] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(page) ?? [];
  return runsDataSchema.safeParse(parseJson(json));
}

/**
 * Adds a run to the page of all runs, or replaces it there. The page is one object that also contains the list. Each
 * write requires that the object has not changed since it was read, so no run is lost when several end at the same
 * time.
 *
 * @param options.keepDays runs that ended earlier have lost their pages, and are not listed any more. @default all are
 * listed
 * @throws NotListedError if other writers were faster 40 times; and the errors of S3.
 */
export async function listRun(
  store: Store,
  stack: string,
  run: ListedRun,
  { keepDays = Number.POSITIVE_INFINITY, warn }: { keepDays?: number; warn: (message: string) => void },
): Promise<void> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const page = await readRunsPage(store);
    if (page.unreadable !== undefined) warn(page.unreadable);
    const runs = [run, ...page.runs.filter(({ runId }) => runId !== run.runId)]
      .filter(({ closedAt }) => Date.parse(closedAt) > Date.now() - keepDays * DAY_MS || closedAt === run.closedAt)
      .toSorted((one, other) => other.closedAt.localeCompare(one.closedAt))
      .slice(0, RUNS_ON_PAGE);
    if (isDeepStrictEqual(runs, page.runs)) return;
    const condition = page.etag === undefined ? 'absent' : { etag: page.etag };
    const body = renderRunsPage(stack, runs, RUNS_ON_PAGE);
    const answer = await writeIf(store, RUNS_PAGE_KEY, condition, { body, type: 'text/html; charset=utf-8' });
    if (answer === 'written') return;
    await pauseAfterConflict(attempt);
  }
  throw new NotListedError(
    `run ${run.runId} is not on s3://${store.bucket}/${RUNS_PAGE_KEY}: other runs that ended wrote it ${ATTEMPTS} times`,
  );
}
