/** What a text holds as JSON, undefined where it is none. For what somebody else wrote, and a schema looks at next. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
