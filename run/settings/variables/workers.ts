import { jsonVariable } from '../../environment.ts';
import { workersSchema } from '../workers.ts';

export const WORKERS_VARIABLE = { SLUICE_WORKERS: jsonVariable(workersSchema) };
