import * as z from 'zod';

/** What a text holds as JSON, undefined where it is none. For what somebody else wrote, and a schema looks at next. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as an environment variable holds it: JSON, `{}` where the variable isn't set. */
export function jsonVariable<S extends z.ZodType>(schema: S) {
  return z
    .string()
    .default('{}')
    .transform((text, context): unknown => {
      const value = parseJson(text);
      if (value !== undefined) return value;
      context.addIssue('takes JSON');
      return z.NEVER;
    })
    .pipe(schema);
}
