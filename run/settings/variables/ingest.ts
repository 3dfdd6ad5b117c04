import { jsonVariable } from '../../environment.ts';
import { ingestSchema } from '../ingest.ts';

export const INGEST_VARIABLE = { SLUICE_INGEST: jsonVariable(ingestSchema) };
