import { jsonVariable } from '../../environment.ts';
import { metricsSchema } from '../metrics.ts';

export const METRICS_VARIABLE = { SLUICE_METRICS: jsonVariable(metricsSchema) };
