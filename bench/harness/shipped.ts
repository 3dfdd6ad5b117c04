import { settingsSchema } from '#lib/settings/settings.ts';

/** The default settings of the Lambdas, which every measurement uses. */
export const SHIPPED = settingsSchema.parse({}).ingest;
