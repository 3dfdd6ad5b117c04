/** Everything that you need to write a processor of your own. */
export { SourceGuard } from '#net/guard/source-guard.ts';
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
export { type TestItem, type TestRun, testProcessor } from './testing.ts';
