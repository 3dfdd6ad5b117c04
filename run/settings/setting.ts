import * as z from '#net/zod.ts';

/** A setting with its default and its meaning, which docs/settings.md shows. */
export function setting<S extends z.ZodMiniType>(
  schema: S,
  byDefault: z.util.NoUndefined<z.output<S>>,
  meaning: string,
) {
  const described = z._default(schema, byDefault);
  // `z.describe` would copy the schema, at each start of a function.
  z.globalRegistry.add(described, { description: meaning });
  return described;
}
