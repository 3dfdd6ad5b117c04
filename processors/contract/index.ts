/** Everything that you need to write a processor of your own. */
export { SourceForbiddenError } from '#net/errors.ts';
export {
  type HostAddress,
  PUBLIC_INTERNET,
  type Resolve,
  SourceGuard,
  SourceRuleError,
  type SourceRules,
} from '#net/guard/source-guard.ts';
export { PermanentError } from './permanent-error.ts';
export {
  defineProcessor,
  type ItemObject,
  type Json,
  type Processor,
  type ProcessorContext,
  type ProcessorItem,
  type ProcessorLogger,
} from './processor.ts';
export type { ProgressFields } from './progress.ts';
export { type RequestUrlOptions, requestUrl, type UrlAnswer } from './request-url.ts';
export { OutputNameError, ProcessorOptionsError } from './run-processor.ts';
export { type TestItem, type TestLogLine, type TestOutput, type TestRun, testProcessor } from './testing.ts';
