import { config } from 'zod/mini';
// `zod/locales` has the messages of fifty languages, and Node would read them all.
import en from 'zod/v4/locales/en.js';

/**
 * zod with functions in place of methods, and without the code that zod makes of schemas: `z.optional(schema)`. Modules
 * that the functions which transfer load at their start use only this form. It is a fifth of the code, and saves 11 ms
 * of CPU at each start. The other modules use `zod` itself, which brings all methods with each schema. Each form
 * accepts schemas of the other.
 */
export * from 'zod/mini';

// `zod/mini` has no messages of its own.
config(en());
