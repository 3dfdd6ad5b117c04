import { jsonVariable } from '../../environment.ts';
import { limitsSchema } from '../../limits/limits.ts';

export const LIMITS_VARIABLE = { SLUICE_LIMITS: jsonVariable(limitsSchema) };
