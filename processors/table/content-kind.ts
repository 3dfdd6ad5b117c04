/** The kind of a content by its first characters. `delimited` may later turn out to be lines of text. */
export type ContentKind = 'json' | 'jsonl' | 'markup' | 'delimited';

/** The format that the name of an object, or its content type, promises. */
export type Hint = 'csv' | 'tsv' | 'json' | 'jsonl' | 'parquet' | undefined;

const EXTENSIONS: Readonly<Record<string, Hint>> = {
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  json: 'json',
  geojson: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  parquet: 'parquet',
};
const CONTENT_TYPES: Readonly<Record<string, Hint>> = {
  'text/csv': 'csv',
  'application/csv': 'csv',
  'text/tab-separated-values': 'tsv',
  'application/json': 'json',
  'application/geo+json': 'json',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/vnd.apache.parquet': 'parquet',
};

/** Returns the format for a key's ending (`.csv`, `.csv.gz`) or, if the ending is unknown, for a content type. */
export function hintOf(name: string, contentType?: string): Hint {
  const [extension = ''] = /(?<=\.)[a-z]+$/.exec(name.toLowerCase().replace(/\.(gz|gzip|zst|zstd)$/, '')) ?? [];
  return EXTENSIONS[extension] ?? CONTENT_TYPES[contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''];
}

/** Recognises JSON, JSON Lines and markup by the head of a text; everything else is delimited, or text. */
export function contentKind(head: string, hint: Hint): ContentKind {
  if (isMarkup(head)) return 'markup';
  if (!looksLikeJson(head)) return 'delimited';
  // An array is not a line of JSON Lines, whatever the file is called.
  return looksLikeLines(head) || (hint === 'jsonl' && !/^\s*\[/.test(head)) ? 'jsonl' : 'json';
}

/** A tag of HTML or XML. `<DATE>,<TIME>,<OPEN>` is a header that trading programs write. */
function isMarkup(text: string): boolean {
  return /^\s*<(!doctype\b|!--|\?xml\b|[a-z][\w:.-]*(\s[^<>]*)?\/?>(?!\s*([,;|\t]|$)))/i.test(text);
}

/** An object, or an array whose first element may be JSON: `[2026-11-24] started` is a line of a log. */
function looksLikeJson(text: string): boolean {
  return /^\s*(\{\s*(["}]|$)|\[\s*(["[{\]]|$|(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?)\s*([,\]]|$)))/.test(text);
}

/** A complete value on the first line, and the beginning of another one after it. */
function looksLikeLines(text: string): boolean {
  const [first = '', second = ''] = text.trimStart().split(/[\r\n]+\s*/, 2);
  if (!/^[[{]/.test(second)) return false;
  try {
    JSON.parse(first);
    return true;
  } catch {
    return false;
  }
}
