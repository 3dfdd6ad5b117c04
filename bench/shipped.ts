import { settingsSchema } from '#lib/settings/settings.ts';

/** What the Lambdas are deployed with where no setting says otherwise: the one profile of every figure. */
export const SHIPPED = settingsSchema.parse({}).ingest;
