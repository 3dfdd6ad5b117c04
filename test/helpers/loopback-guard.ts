import { SourceGuard } from '#net/guard/source-guard.ts';

/** The tests' sources are on the loopback interface, which the engine can dial only if a range is opened. */
export const LOOPBACK = new SourceGuard({ openRanges: ['127.0.0.0/8', '::1/128'], httpsToHttp: true });
