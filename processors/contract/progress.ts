import type { ProcessorLogger } from './processor.ts';

const LOG_EVERY_MS = 30_000;

/** What a processor reports of its progress, such as `{ rows: 120_000 }`. */
export type ProgressFields = Record<string, string | number>;

export interface Progress {
  report(fields: ProgressFields): void;
  /** The last progress as text for an error's message; empty if there was none. */
  last(): string;
}

/** Stores a processor's latest progress, and logs it at intervals, no matter how often the processor reports it. */
export function keepProgress(logger: ProcessorLogger, now: () => number = Date.now): Progress {
  let last: ProgressFields | undefined;
  let loggedAt = now();
  return {
    report(fields) {
      last = fields;
      if (now() - loggedAt < LOG_EVERY_MS) return;
      loggedAt = now();
      logger.info('progress', { progress: fields });
    },
    last() {
      if (last === undefined) return '';
      return Object.entries(last)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ');
    },
  };
}
