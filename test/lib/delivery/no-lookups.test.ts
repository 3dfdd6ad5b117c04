import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { deliver, TWO_STAGES } from './deliver.ts';

it.each(['codecommit', 'github-actions'])(
  'a synth of stages in named accounts asks AWS nothing, since the build may not: source %s',
  (source) => {
    const home = {
      account: '111111111111',
      region: 'eu-central-1',
      repository: source === 'codecommit' ? 'sluice' : 'acme/sluice',
    };
    const stages = TWO_STAGES.stages.map((stage, index) => ({ ...stage, account: `${index + 1}`.repeat(12) }));
    const { folder } = deliver({ ...TWO_STAGES, ...home, source, stages });
    const manifests = globSync('**/manifest.json', { cwd: folder }).map((file) =>
      readFileSync(join(folder, file), 'utf8'),
    );
    expect(manifests.length).toBeGreaterThan(1);
    expect(manifests.flatMap((text) => (JSON.parse(text) as { missing?: object[] }).missing ?? [])).toEqual([]);
  },
);
