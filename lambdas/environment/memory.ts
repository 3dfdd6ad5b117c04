import { count } from './count.ts';

/** Lambda sets this variable, in MiB. */
export const MEMORY_VARIABLE = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: count };
