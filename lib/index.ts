/** The constructs for a CDK app of your own: the whole pipeline, or its parts. */
export { GatekeeperLoop, type GatekeeperLoopProps, NOT_READY } from '#stepfunctions/gatekeeper-loop.ts';
export { Ingest, type IngestProps } from '#stepfunctions/ingest.ts';
export type { NativeFile } from './bundling/native-files.ts';
export { workerProgramOf } from './bundling/worker-bundle.ts';
export { Network, type NetworkProps } from './network/network.ts';
export type { Access } from './permissions/access.ts';
export { readSettings, SettingsError } from './settings/read-settings.ts';
export type { Settings, SettingsInput } from './settings/settings.ts';
export { SluicePipeline, type SluicePipelineProps } from './sluice-pipeline.ts';
export { SluiceStack, type SluiceStackProps } from './sluice-stack.ts';
export { Encryption } from './storage/encryption.ts';
export { type ObjectUse, Storage, type StorageProps } from './storage/storage.ts';
export { type QueueUse, WorkQueue, type WorkQueueProps } from './workers/work-queue.ts';
export { WorkerFleet, type WorkerFleetProps, type WorkerProgram } from './workers/worker-fleet.ts';
