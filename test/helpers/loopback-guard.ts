import { SourceGuard } from '#net/guard/source-guard.ts';

/** Tests' sources are on the loopback interface, which nothing but an opened range lets the engine dial. */
export const LOOPBACK = new SourceGuard({ openRanges: ['127.0.0.0/8', '::1/128'], httpsToHttp: true });
