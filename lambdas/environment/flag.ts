import * as z from 'zod';

/** A variable that CloudFormation writes as text. */
export const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
