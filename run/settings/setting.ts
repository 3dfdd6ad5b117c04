import * as z from '#net/zod.ts';

/** A setting with its default and its meaning, which docs/settings.md shows. */
export function setting<S extends z.ZodMiniType>(
  schema: S,
  byDefault: z.util.NoUndefined<z.output<S>>,
  meaning: string,
) {
  return z._default(schema, byDefault).check(z.describe(meaning));
}
