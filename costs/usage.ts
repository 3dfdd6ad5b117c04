/**
 * What a run uses for one item or one batch: measured on the embedded AWS and a real S3 server, or estimated if the
 * comment says so. Nothing was measured on AWS.
 */
export const USAGE = {
  /** `node bench/run-usage.ts --items 200`: small files with the processor `profile`. */
  s3WritesAnItem: 4.27,
  s3ReadsAnItem: 8.22,
  logBytesAnItem: 1_771,
  recordBytesAnItem: 2_747,
  /** Estimated: the lines START, END and REPORT that Lambda adds to a call, and the embedded AWS doesn't. */
  logBytesACall: 500,
  /** `node bench/worker-rate.ts`: a receive and a delete, and a tenth of a batched send. */
  sqsRequestsAnItem: 2.1,
  /** `node bench/worker-rate.ts`: 105 items a second with two places and a processor that does nothing. */
  workerSecondsAnItem: 1 / 105,
  /** `npm start`, when its large file had 256 MiB: `profile` read them in 2.2 s. */
  workerSecondsAMib: 2.2 / 256,
  /** Estimated: the connection from the Internet through one Lambda of 1 GiB into S3. */
  lambdaMibASecond: 50,
  /** Estimated: eight small files at once, a third of a second each. */
  smallFilesASecond: 24,
  /** `docs/waiting.md`, a million items counted in 92 s: Reconcile and the gate's exact looks. */
  countSecondsAnItem: 3 * 0.0002,
  /** `docs/waiting.md`: the end of a run reads an item's records and writes its line. */
  endCpuSecondsAnItem: 0.003,
  /** Estimated: a short call, with a cold start now and then. */
  shortCallSeconds: 1,
  /** Estimated: a worker's start is charged too, while it pulls the image and the bundle. */
  workerStartSeconds: 30,
} as const;
