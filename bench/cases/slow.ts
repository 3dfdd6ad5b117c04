import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { cellsOf, cellTable } from '../harness/cells.ts';
import { openLane } from '../harness/lane.ts';
import { type Bench, type CaseResult, MIB } from '../harness/run.ts';
import { largeFile } from '../harness/source-files.ts';

const BYTES_PER_SECOND = 10 * MIB;
const SENDING = ['UploadPart', 'PutObject'] as const;

/**
 * A source that is faster than S3: measures the memory that waits meanwhile, and checks that it is not treated as a
 * stall.
 */
export async function slowCase(bench: Bench): Promise<CaseResult> {
  const file = largeFile(256 * MIB);
  await using lane = await openLane({ files: [file] });
  await using proxy = await startS3FaultProxy(lane.s3.endpoint, {
    rules: [{ when: { operation: SENDING }, fault: { kind: 'slow-read', bytesPerSecond: BYTES_PER_SECOND } }],
  });
  for (const tool of bench.tools) await bench.transfer(tool, lane, lane.job(file, {}, proxy.endpoint));
  return {
    title: `A slow S3: ${BYTES_PER_SECOND / MIB} MiB/s for each PUT under way`,
    method: `${file.length / MIB} MiB over HTTP, one run each; a proxy in front of S3 reads each PUT at that rate. Wall time depends on how many parts a tool sends at the same time.`,
    tables: [cellTable(`${file.length / MIB} MiB`, cellsOf(bench.runs.filter(({ of }) => of === bench.of)))],
    findings: [],
  };
}
