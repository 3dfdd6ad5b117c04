import { Credentials } from '#run/credentials/credentials.ts';
import { type Ingest, ingestFromEnvironment } from './ingest.ts';

/**
 * What open and slice work with. Close and Abandon send requests only to S3, so their bundles contain no client for
 * credentials.
 */
export interface SourceIngest extends Ingest {
  readonly credentials: Credentials;
}

/** Reads the environment of a function that reads sources. */
export function sourceIngestFromEnvironment(): SourceIngest {
  const { sources, ...ingest } = ingestFromEnvironment();
  return { ...ingest, credentials: new Credentials(sources.credentials, ingest.options.guard) };
}
