import { METRICS } from '#run/metrics/metrics.ts';
import { ingestSchema } from '#run/settings/ingest.ts';
import { metricsSchema } from '#run/settings/metrics.ts';
import { workersSchema } from '#run/settings/workers.ts';

/** All metrics except the failures by their codes. */
export const SUMMED_METRICS = Object.keys(METRICS).length - 1;

/** A synthesised template, as JSON. */
export interface TemplateJson {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}

/** The properties of a deployment that decide its costs, from its template. */
export interface DeploymentSize {
  /** The GB of the function with that name, as Lambda charges them. */
  readonly functionGb: (name: string) => number;
  readonly traced: boolean;
  readonly vcpus: number;
  readonly workerGb: number;
  readonly architecture: 'arm64' | 'x64';
  readonly spot: boolean;
  readonly publicIps: boolean;
  readonly maxWorkers: number;
  readonly itemsPerWorker: number;
  readonly idleSeconds: number;
  readonly sourcesPerBatch: number;
  readonly sliceMib: number;
  readonly gateIntervalSeconds: number;
  readonly gateAttempts: number;
  readonly oldVersionDays: number;
  readonly runDays: number;
  readonly logDays: number;
  /** The number of alarms; 0 if alerts have no receiver. */
  readonly alarms: number;
  /** GB of the function that looks for missing starts and old runs; 0 if there is none. */
  readonly watchGb: number;
  /** Metrics of Sluice's own that are sent when a run ends. */
  readonly metrics: number;
  readonly dashboards: number;
  /** `own`: the stack creates a KMS key. `yours`: a key of the user encrypts. */
  readonly key: 'service' | 'own' | 'yours';
}

/** @throws Error with what the template lacks: it does not come from Sluice, or from another version. */
export function readDeployment(template: TemplateJson): DeploymentSize {
  const ofType = (type: string) =>
    Object.values(template.Resources).flatMap(({ Type, Properties = {} }) => (Type === type ? [Properties] : []));
  const one = (type: string): Readonly<Record<string, unknown>> => {
    const [found] = ofType(type);
    if (found === undefined) throw new Error(`the template has no ${type}`);
    return found;
  };
  const functions = ofType('AWS::Lambda::Function').filter(({ FunctionName }) => FunctionName !== undefined);
  const named = (name: string) => {
    const found = functions.find(({ FunctionName }) => String(FunctionName).endsWith(`-${name}`));
    if (found === undefined) throw new Error(`the template has no function ${name}`);
    return found;
  };
  const variable = (fn: string, name: string): string => {
    const { Variables = {} } = (named(fn).Environment ?? {}) as { Variables?: Record<string, unknown> };
    if (Variables[name] === undefined) throw new Error(`the function ${fn} has no variable ${name}`);
    return String(Variables[name]);
  };
  const task = one('AWS::ECS::TaskDefinition');
  const workers = workersSchema.parse(JSON.parse(variable('plan', 'SLUICE_WORKERS')));
  const ingest = ingestSchema.parse(JSON.parse(variable('plan', 'SLUICE_INGEST')));
  const { Rules } = one('AWS::S3::Bucket').LifecycleConfiguration as { Rules: Record<string, unknown>[] };
  const rule = (id: string) => Rules.find(({ Id }) => Id === id) ?? {};
  const { NoncurrentDays } = rule('old-versions').NoncurrentVersionExpiration as { NoncurrentDays: number };
  const gate = gateRetrier(template);
  const keys = ofType('AWS::KMS::Key').length;
  const { level } = metricsSchema.parse(JSON.parse(variable('done', 'SLUICE_METRICS')));
  const hasWatch = functions.some(({ FunctionName }) => String(FunctionName).endsWith('-watch'));
  const { KmsMasterKeyId } = one('AWS::SQS::Queue');
  return {
    functionGb: (name) => Number(named(name).MemorySize) / 1_024,
    traced: functions.some(({ TracingConfig }) => (TracingConfig as { Mode?: string } | undefined)?.Mode === 'Active'),
    vcpus: Number(task.Cpu) / 1_024,
    workerGb: Number(task.Memory) / 1_024,
    architecture: (task.RuntimePlatform as { CpuArchitecture: string }).CpuArchitecture === 'ARM64' ? 'arm64' : 'x64',
    spot: workers.spot,
    publicIps: variable('gatekeeper', 'SLUICE_ASSIGN_PUBLIC_IP') === 'true',
    maxWorkers: workers.max,
    itemsPerWorker: workers.itemsPerWorker,
    idleSeconds: workers.idleSeconds,
    sourcesPerBatch: ingest.sourcesPerBatch,
    sliceMib: ingest.sliceMiB,
    gateIntervalSeconds: gate.IntervalSeconds,
    gateAttempts: gate.MaxAttempts,
    oldVersionDays: NoncurrentDays,
    runDays: Number(rule('old-runs').ExpirationInDays),
    logDays: Number(one('AWS::Logs::LogGroup').RetentionInDays),
    alarms: ofType('AWS::CloudWatch::Alarm').length,
    watchGb: hasWatch ? Number(named('watch').MemorySize) / 1_024 : 0,
    metrics: level === 'off' ? (variable('done', 'SLUICE_SPEND_ALERT') === 'true' ? 1 : 0) : SUMMED_METRICS,
    dashboards: ofType('AWS::CloudWatch::Dashboard').length,
    key: KmsMasterKeyId === undefined ? 'service' : keys > 0 ? 'own' : 'yours',
  };
}

/** GatekeeperState's retrier of NotReadyError, from the definition's text. */
function gateRetrier(template: TemplateJson): { IntervalSeconds: number; MaxAttempts: number } {
  const machines = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::StepFunctions::StateMachine');
  const text = JSON.stringify(machines).replaceAll('\\"', '"');
  const retrier = /\{"ErrorEquals":\["NotReadyError"\],[^}]*"IntervalSeconds":(\d+),"MaxAttempts":(\d+)/.exec(text);
  if (retrier === null) throw new Error('the state machine has no retrier of NotReadyError');
  return { IntervalSeconds: Number(retrier[1]), MaxAttempts: Number(retrier[2]) };
}
