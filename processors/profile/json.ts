import { getManyValues, isMany, none } from 'stream-chain/defs.js';
import { jsonParser, type Token } from 'stream-json/core/parser.js';
import { Columns } from './columns.ts';
import type { Content } from './content.ts';
import { MalformedInputError } from './malformed-input-error.ts';

/** Small pieces keep the tokens of one in the processor's cache: 62 MB of JSON a CPU second, 42 in pieces of 64 KiB. */
const PIECE_BYTES = 8_192;

/**
 * Counts the records of JSON of any size, and finds their keys: the elements of one array, or the values where several
 * stand behind each other.
 *
 * By stream-json, because it hands out strings in pieces: a document of one line, or a single string of gigabytes,
 * takes no more memory than a small one. Its tokenizer is called directly: as a stream of tokens it takes three times
 * the time.
 *
 * @returns the content, which is `jsonl` where several values stand at the top.
 * @throws MalformedInputError where it is no JSON.
 */
export async function readJson(
  source: AsyncGenerator<Buffer>,
): Promise<{ format: 'json' | 'jsonl'; content: Content }> {
  const names = new Columns();
  let depth = 0;
  let values = 0;
  let elements = 0;
  let topIsArray = false;
  let objectDepth = 0;

  const begin = (array: boolean): void => {
    if (depth === 0) {
      values++;
      topIsArray = array;
    } else if (depth === 1 && topIsArray) elements++;
  };
  const take = (token: Token): void => {
    switch (token.name) {
      case 'startObject':
      case 'startArray':
        begin(token.name === 'startArray');
        depth++;
        // A record is an object at the top, or one in the array at the top.
        if (token.name === 'startObject' && (depth === 1 || (depth === 2 && topIsArray))) objectDepth = depth;
        break;
      case 'endObject':
      case 'endArray':
        if (depth === objectDepth) objectDepth = 0;
        depth--;
        break;
      case 'keyValue':
        if (depth === objectDepth) names.add(token.value);
        break;
      case 'startString':
      case 'startNumber':
      case 'trueValue':
      case 'falseValue':
      case 'nullValue':
        begin(false);
        break;
    }
  };
  const takeAll = (tokens: unknown): void => {
    // What it returns where a piece ends no token is `none`.
    if (isMany(tokens)) for (const token of getManyValues(tokens) as Token[]) take(token);
  };
  try {
    const parse = jsonParser({ jsonStreaming: true, packStrings: false, packNumbers: false, streamKeys: false });
    const decoder = new TextDecoder();
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
        takeAll(parse(decoder.decode(chunk.subarray(at, at + PIECE_BYTES), { stream: true })));
      }
    }
    takeAll(parse(decoder.decode()));
    // Flushes what is open. The type of a parser leaves this argument out.
    takeAll(parse(none as unknown as string));
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('Parser ')) throw error;
    throw new MalformedInputError(`the JSON is malformed in value ${Math.max(values, 1)}: ${error.message}`, {
      cause: error,
    });
  }
  if (depth > 0 || values === 0) throw new MalformedInputError('the JSON breaks off before its end');
  return {
    format: values > 1 ? 'jsonl' : 'json',
    content: {
      records: values === 1 && topIsArray ? elements : values,
      columns: names.count,
      columnNames: names.listed(),
      header: null,
      irregularRecords: null,
    },
  };
}
