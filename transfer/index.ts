export { type DialTarget, DialTimeoutError, dial } from '#net/dial/dial.ts';
export type { ByteCount, TransferErrorOptions } from '#net/errors.ts';
export {
  type HostAddress,
  PUBLIC_INTERNET,
  type Resolve,
  SourceGuard,
  SourceRuleError,
  type SourceRules,
} from '#net/guard/source-guard.ts';
export type { CloseOptions } from './close.ts';
export * from './errors.ts';
export type { Landed } from './landed.ts';
export type { AnswerBody } from './lane/answer-body.ts';
export type { Headers } from './lane/answer-head.ts';
export { lookAtSource, type SourceLook } from './look-at-source.ts';
export { objectName } from './object/object-name.ts';
export { type Opened, openTransfer } from './open.ts';
export type { LiveTransfer } from './opening/beginning.ts';
export type { Destination, IfExists, OnProgress, Progress, TransferOptions } from './options.ts';
export { type PartPlan, type PartRange, partRange, type Slice, slicesOf } from './parts/plan.ts';
export type { Proofs } from './proof/proofs.ts';
export { RangedTransfer, resumeTransfer } from './ranged-transfer.ts';
export { HostGate } from './source/host-gate.ts';
export type { SourceLimits } from './source/limits.ts';
export type { SourceAnswer, SourceReader, SourceRequest } from './source/reader.ts';
export { type Authorization, type Expect, isSetByEngine, type Source } from './source/session.ts';
export { type PartProof, partProofSchema, planOf, type TransferState, transferStateSchema } from './state.ts';
export { transfer, type UnnamedDestination } from './transfer.ts';
export type { SliceOptions, SliceOutcome } from './upload-slice.ts';
