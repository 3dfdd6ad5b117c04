import * as z from '#net/zod.ts';
import { jsonVariable } from '../../environment.ts';
import { redshiftSchema } from '../redshift.ts';

/** Present only if a warehouse is set. */
export const REDSHIFT_VARIABLE = { SLUICE_REDSHIFT: z.optional(jsonVariable(redshiftSchema)) };
