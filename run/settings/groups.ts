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
 * The groups of settings that functions and workers work by. A group crosses whole, as one variable of JSON: `lib/` writes
 * it, and a function or a worker reads it by the schema that `cdk.json` was read by.
 */
const groups = {
  gate: gateSchema,
  ingest: ingestSchema,
  workers: workersSchema,
  sources: sourceRulesSchema,
  limits: limitsSchema,
  metrics: metricsSchema,
  /** Not there where no warehouse is set. */
  redshift: redshiftSchema.optional(),
} as const;

type Name = keyof typeof groups;
/** The groups as a deployment's settings hold them. */
type SettingGroups = { readonly [N in Exclude<Name, 'redshift'>]: z.output<(typeof groups)[N]> } & {
  readonly redshift?: RedshiftSettings | undefined;
};

/** The variables of the groups, as `readEnvironment` takes them. */
export const groupVariables = {
  gate: { SLUICE_GATE: jsonVariable(groups.gate) },
  ingest: { SLUICE_INGEST: jsonVariable(groups.ingest) },
  workers: { SLUICE_WORKERS: jsonVariable(groups.workers) },
  sources: { SLUICE_SOURCES: jsonVariable(groups.sources) },
  limits: { SLUICE_LIMITS: jsonVariable(groups.limits) },
  metrics: { SLUICE_METRICS: jsonVariable(groups.metrics) },
  redshift: { SLUICE_REDSHIFT: jsonVariable(groups.redshift).optional() },
} as const satisfies { readonly [N in Name]: { readonly [V in `SLUICE_${Uppercase<N>}`]: z.ZodType } };

/** Groups as the variables that hand them over. */
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
