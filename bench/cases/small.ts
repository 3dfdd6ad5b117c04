import { openLane } from '../harness/lane.ts';
import { type Cost, measure } from '../harness/measure.ts';
import { type Bench, type CaseResult, type Finding, median } from '../harness/run.ts';
import { SHIPPED } from '../harness/shipped.ts';
import { SMALL_BYTES, smallFiles } from '../harness/source-files.ts';

const SECONDS = 90;

/** Many small files: measures the cost of a file besides its bytes. */
export async function smallCase(bench: Bench): Promise<CaseResult> {
  const files = smallFiles(bench.quick ? 200 : 1_000);
  const atOnce = SHIPPED.sourcesAtOnce;
  await using lane = await openLane({ files });
  const costs = new Map<string, Cost[]>();
  await bench.rounds(bench.quick ? 1 : bench.brief ? 2 : 3, SECONDS, async () => {
    for (const tool of bench.tools) {
      const job = lane.smallJob(files, atOnce);
      const command = tool.smallCommand?.(job);
      const what = `${tool.name}, ${files.length} small files`;
      if (command === undefined || !(await bench.hasRoom(what, files.length * SMALL_BYTES))) continue;
      try {
        const { cost } = await measure(command);
        await lane.settle(job.files.map((file) => ({ key: file.key, file })));
        costs.set(tool.name, [...(costs.get(tool.name) ?? []), cost]);
        bench.say(`   ${what}: ${cost.wallSeconds.toFixed(2)} s, ${(files.length / cpuOf(cost)).toFixed(0)} a CPU s`);
      } catch (error) {
        bench.fail(what, error);
      }
    }
  });
  const cells = [...costs]
    .map(([tool, own]) => ({
      tool,
      runs: own.length,
      filesPerCpuSecond: files.length / median(own.map(cpuOf)),
      wallSeconds: median(own.map((cost) => cost.wallSeconds)),
      peakMib: median(own.map((cost) => cost.peakMib)),
    }))
    .sort((a, b) => b.filesPerCpuSecond - a.filesPerCpuSecond);
  return {
    title: `${files.length} files of ${SMALL_BYTES / 1024} KiB, ${atOnce} at once`,
    method:
      'One command copies all files. As in the Lambdas, the engine first asks S3 whether the object exists, until it assumes that all keys of the folder are new. Then a file takes two requests. curl with s5cmd or aws downloads into a folder and uploads the folder, because neither reads many files from a pipe.',
    tables: [
      {
        columns: ['tool', 'runs', 'files a CPU s', 'wall s', 'files a s', 'peak MiB'],
        rows: cells.map(({ tool, runs, filesPerCpuSecond, wallSeconds, peakMib }) => [
          tool,
          runs,
          filesPerCpuSecond.toFixed(0),
          wallSeconds.toFixed(2),
          (files.length / wallSeconds).toFixed(0),
          peakMib.toFixed(0),
        ]),
      },
    ],
    findings: findings(cells, bench.sluice.name),
  };
}

function cpuOf({ userSeconds, systemSeconds }: Cost): number {
  return userSeconds + systemSeconds;
}

function findings(cells: readonly { tool: string; filesPerCpuSecond: number }[], sluice: string): Finding[] {
  const own = cells.find(({ tool }) => tool === sluice);
  const best = cells.find(({ tool }) => tool !== sluice);
  if (own === undefined || best === undefined) return [];
  return [
    {
      goal: 'small files: at least as many per CPU second as the best peer',
      figure: `${own.filesPerCpuSecond.toFixed(0)} of ${best.filesPerCpuSecond.toFixed(0)} (${best.tool})`,
      met: own.filesPerCpuSecond >= best.filesPerCpuSecond,
    },
  ];
}
