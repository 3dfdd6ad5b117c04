import { isDeepStrictEqual } from 'node:util';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { RUNS_PAGE_KEY } from '#run/keys.ts';
import { httpStatus, pauseAfterConflict, type Store } from '#run/store.ts';
import { type ListedRun, listedRunSchema } from './listed-run.ts';
import { renderRunsPage } from './runs-page.ts';

/** So many runs the page lists: a run every hour for three weeks. */
export const RUNS_ON_PAGE = 500;
/** Many runs may end at the same time, and each writes the page after all others: with its pauses, that is half a minute. */
const ATTEMPTS = 40;
const DAY_MS = 86_400_000;

const dataSchema = z.object({ v: z.literal(1), runs: z.array(listedRunSchema) });

/** Too many runs ended at once: the page doesn't list this one until it is listed again. */
export class NotListedError extends Error {
  override readonly name = 'NotListedError';
}

export interface RunsPage {
  readonly runs: readonly ListedRun[];
  /** Undefined where there is no page. */
  readonly etag: string | undefined;
  /** Why the page that is there can't be read, for a log. */
  readonly unreadable?: string;
}

/** The runs that the page of all runs lists, the newest first. */
export async function readRunsPage(store: Store): Promise<RunsPage> {
  try {
    const { Body, ETag } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: RUNS_PAGE_KEY }));
    const found = dataIn((await Body?.transformToString()) ?? '');
    if (found.success) return { runs: found.data.runs, etag: ETag };
    const unreadable = `s3://${store.bucket}/${RUNS_PAGE_KEY} is none of this version's pages, and is begun anew: ${found.error.message}`;
    return { runs: [], etag: ETag, unreadable };
  } catch (error) {
    if (httpStatus(error) === 404) return { runs: [], etag: undefined };
    throw error;
  }
}

function dataIn(page: string) {
  const [, json = 'null'] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(page) ?? [];
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('holds no JSON');
        return z.NEVER;
      }
    })
    .pipe(dataSchema)
    .safeParse(json);
}

/**
 * Lists a run on the page of all runs. A run that is listed is replaced. The page is one object, which holds the list as well; each
 * write demands the object that was read, so that runs which end at the same time lose none of each other.
 *
 * @param options.keepDays runs that ended earlier have lost their pages, and are listed no more. @default all are listed
 * @throws NotListedError where others were faster 40 times; and what S3 answers.
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
    if (await written(store, page.etag, renderRunsPage(stack, runs, RUNS_ON_PAGE))) return;
    await pauseAfterConflict(attempt);
  }
  throw new NotListedError(
    `run ${run.runId} is not on s3://${store.bucket}/${RUNS_PAGE_KEY}: other runs that ended wrote it ${ATTEMPTS} times`,
  );
}

/** @returns whether nobody else wrote the page meanwhile. */
async function written(store: Store, etag: string | undefined, page: string): Promise<boolean> {
  try {
    await store.client.send(
      new PutObjectCommand({
        Bucket: store.bucket,
        Key: RUNS_PAGE_KEY,
        Body: page,
        ContentType: 'text/html; charset=utf-8',
        ...(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag }),
      }),
    );
    return true;
  } catch (error) {
    // 404: the page was deleted after it was read.
    if ([404, 409, 412].includes(httpStatus(error) ?? 0)) return false;
    throw error;
  }
}
