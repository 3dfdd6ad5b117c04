import type * as z from 'zod';
import { jsonVariable } from '../environment.ts';
import { limitsSchema } from '../limits/limits.ts';
import { sourceRulesSchema } from '../limits/source-rules.ts';
import { gateSchema } from './gate.ts';
import { ingestSchema } from './ingest.ts';
import { metricsSchema } from './metrics.ts';
import { type RedshiftSettings, redshiftSchema } from './redshift.ts';
import { workersSchema } from './workers.ts';

/**
 * The groups of settings that functions and workers need. Each group is passed as one variable of JSON: `lib/` writes
 * it, and a function or a worker reads it with the schema that also read `cdk.json`.
 */
const groups = {
  gate: gateSchema,
  ingest: ingestSchema,
  workers: workersSchema,
  sources: sourceRulesSchema,
  limits: limitsSchema,
  metrics: metricsSchema,
  /** Present only if a warehouse is set. */
  redshift: redshiftSchema.optional(),
} as const;

type Name = keyof typeof groups;
/** The groups in a deployment's settings. */
type SettingGroups = { readonly [N in Exclude<Name, 'redshift'>]: z.output<(typeof groups)[N]> } & {
  readonly redshift?: RedshiftSettings | undefined;
};

/** The variables of the groups, in the form that `readEnvironment` takes. */
export const groupVariables = {
  gate: { SLUICE_GATE: jsonVariable(groups.gate) },
  ingest: { SLUICE_INGEST: jsonVariable(groups.ingest) },
  workers: { SLUICE_WORKERS: jsonVariable(groups.workers) },
  sources: { SLUICE_SOURCES: jsonVariable(groups.sources) },
  limits: { SLUICE_LIMITS: jsonVariable(groups.limits) },
  metrics: { SLUICE_METRICS: jsonVariable(groups.metrics) },
  redshift: { SLUICE_REDSHIFT: jsonVariable(groups.redshift).optional() },
} as const satisfies { readonly [N in Name]: { readonly [V in `SLUICE_${Uppercase<N>}`]: z.ZodType } };

/** Returns the variables that contain these groups. */
export function groupsAsVariables<N extends Name>(
  settings: Pick<SettingGroups, N>,
  ...names: readonly N[]
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) =>
      settings[name] === undefined ? [] : [[`SLUICE_${name.toUpperCase()}`, JSON.stringify(settings[name])]],
    ),
  );
}
