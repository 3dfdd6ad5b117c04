import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parser, type Token } from 'stream-json/parser.js';
import { Columns } from './columns.ts';
import type { Content } from './content.ts';
import { MalformedInputError } from './malformed-input-error.ts';

/**
 * Counts the records of JSON of any size, and finds their keys: the elements of one array, or the values where several
 * stand behind each other.
 *
 * By stream-json, because it hands out strings in pieces: a document of one line, or a single string of gigabytes,
 * takes no more memory than a small one.
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
  try {
    await pipeline(
      Readable.from(source, { objectMode: false }),
      parser.asStream({ jsonStreaming: true, packStrings: false, packNumbers: false, streamKeys: false }),
      async (tokens: AsyncIterable<Token>) => {
        for await (const token of tokens) take(token);
      },
    );
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
