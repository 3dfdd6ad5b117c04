/** What a processor of one's own is made with. */
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
