import type { z } from 'zod';
import type { LimitsSettings } from '../limits/limits.ts';
import type { SourceRules } from '../limits/source-rules.ts';
import type { GateSettings } from './gate.ts';
import type { ingestSchema } from './ingest.ts';
import type { metricsSchema } from './metrics.ts';
import type { RedshiftSettings } from './redshift.ts';
import type { WorkersSettings } from './workers.ts';

/**
 * The groups of settings that functions and workers need. Each group is passed as one variable of JSON: `lib/` writes
 * it, and a function or a worker reads it with the schema that also read `cdk.json`. Each variable has a module of its
 * own in `variables/`, because building all schemas takes 14 ms of CPU, and a function needs only some of them.
 */
interface SettingGroups {
  readonly gate: GateSettings;
  readonly ingest: z.output<typeof ingestSchema>;
  readonly workers: WorkersSettings;
  readonly sources: SourceRules;
  readonly limits: LimitsSettings;
  readonly metrics: z.output<typeof metricsSchema>;
  readonly redshift?: RedshiftSettings | undefined;
}

/** Returns the variables that contain these groups. */
export function groupsAsVariables<N extends keyof SettingGroups>(
  settings: Pick<SettingGroups, N>,
  ...names: readonly N[]
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) =>
      settings[name] === undefined ? [] : [[`SLUICE_${name.toUpperCase()}`, JSON.stringify(settings[name])]],
    ),
  );
}
