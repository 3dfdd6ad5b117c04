import { Credentials } from '#run/credentials/credentials.ts';
import { readEnvironment } from '#run/environment.ts';
import { SOURCES_VARIABLE } from '#run/settings/variables/sources.ts';
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
  const ingest = ingestFromEnvironment();
  const { SLUICE_SOURCES } = readEnvironment(SOURCES_VARIABLE);
  return { ...ingest, credentials: new Credentials(SLUICE_SOURCES.credentials, ingest.options.guard) };
}
