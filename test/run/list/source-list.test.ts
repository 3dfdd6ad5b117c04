import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ListFormat } from '#run/input/input.ts';
import type { ListBytes } from '#run/list/list-bytes.ts';
import type { ListEntry } from '#run/list/list-entry.ts';
import { SourceListError } from '#run/list/list-error.ts';
import { readSourceList } from '#run/list/source-list.ts';

/** A list of these bytes, read in pieces of so many: an answer of S3 is cut anywhere. */
function listOf(fileName: string, content: string | Uint8Array, pieceBytes = 65_536, contentType?: string): ListBytes {
  const bytes = Buffer.from(content);
  return {
    name: `s3://bucket/${fileName}`,
    fileName,
    contentType,
    async read() {
      return (async function* () {
        for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
      })();
    },
    async [Symbol.asyncDispose]() {},
  };
}

const entriesOf = (fileName: string, content: string | Uint8Array, pieceBytes?: number, format?: ListFormat) =>
  Array.fromAsync(readSourceList(listOf(fileName, content, pieceBytes), format));

/** What the entries say, without where. */
const valuesOf = async (...list: Parameters<typeof entriesOf>) =>
  (await entriesOf(...list)).map((entry) => ('value' in entry ? entry.value : entry));

async function refusalOf(...list: Parameters<typeof entriesOf>): Promise<string> {
  const error = await entriesOf(...list).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SourceListError);
  return (error as SourceListError).message;
}

const TWO = [
  { url: 'http://h/a.csv', key: 'a' },
  { url: 'http://h/ü.csv', key: 'ü' },
];
const utf16 = (text: string, big: boolean) => {
  const little = Buffer.from(`\ufeff${text}`, 'utf16le');
  return big ? little.swap16() : little;
};

describe.each([1, 2, 7, 65_536])('a list that comes in pieces of %i bytes', (pieceBytes) => {
  it.each([
    ['a.jsonl', TWO.map((source) => JSON.stringify(source)).join('\n')],
    ['a.ndjson', TWO.map((source) => `${JSON.stringify(source)}\r\n`).join('')],
    ['a.csv', 'url,key\nhttp://h/a.csv,a\nhttp://h/ü.csv,ü\n'],
    ['a.CSV', '"URL";"Key"\r\n"http://h/a.csv";"a"\r\n"http://h/ü.csv";"ü"\r\n'],
    ['a.csv', '# a comment\nkey,url\ra,http://h/a.csv\r\rü,http://h/ü.csv'],
    ['a.csv', 'sep=;\nurl;key\nhttp://h/a.csv;a\nhttp://h/ü.csv;ü\n'],
    ['a.tsv', 'url\tkey\nhttp://h/a.csv\ta\nhttp://h/ü.csv\t"ü"\n'],
  ])('reads %s in any encoding, compressed or not', async (name, text) => {
    for (const bytes of [text, `\ufeff${text}`, utf16(text, false), utf16(text, true)]) {
      expect(await valuesOf(name, bytes, pieceBytes)).toEqual(TWO);
      expect(await valuesOf(`${name}.gz`, gzipSync(bytes), pieceBytes)).toEqual(TWO);
      // Without the name's .gz the first bytes say it.
      expect(await valuesOf(name, gzipSync(bytes), pieceBytes)).toEqual(TWO);
    }
  });

  it('the reader of a list reads bare URLs, without empty lines, comments and spaces around them', async () => {
    const text = '\ufeff# first\r\n\r\nhttp://h/a#part\n  http://h/b  \n#last';
    expect(await entriesOf('urls.txt', text, pieceBytes)).toEqual([
      { where: 'line 3', value: { url: 'http://h/a#part' } },
      { where: 'line 4', value: { url: 'http://h/b' } },
    ]);
  });

  it.each(['list.tsv', 'list.txt', 'list'])(
    'the reader of a list reads TsvHttpData-1.0 from %s, with sizes and MD5s',
    async (name) => {
      const text =
        'TsvHttpData-1.0\nhttps://h/a\t1357\twHENa08V36iPYAsOa2JAdw==\r\nhttps://h/b\t9\nhttps://h/c\n\nhttps://h/d\tx\nhttps://h/e\t1\t00\n';
      expect(await entriesOf(name, text, pieceBytes)).toEqual([
        {
          where: 'line 2',
          value: { url: 'https://h/a', expect: { bytes: 1_357, md5: 'c0710d6b4f15dfa88f600b0e6b624077' } },
        },
        { where: 'line 3', value: { url: 'https://h/b', expect: { bytes: 9 } } },
        { where: 'line 4', value: { url: 'https://h/c' } },
        { where: 'line 6', problem: 'takes a size in bytes in its second field, got "x"' },
        { where: 'line 7', problem: 'takes an MD5 in Base64 in its third field, got "00"' },
      ]);
    },
  );

  it('the reader of a list reports each broken line, and continues', async () => {
    const jsonl = await entriesOf('a.jsonl', '{"url":"http://h/a"}\n{"url":\n{"url":"http://h/b"}', pieceBytes);
    expect(jsonl).toEqual([
      { where: 'line 1', value: { url: 'http://h/a' } },
      { where: 'line 2', problem: 'is not JSON: each line takes one object' },
      { where: 'line 3', value: { url: 'http://h/b' } },
    ]);
    expect(await entriesOf('a.csv', 'url,key\nhttp://h/a\n\nhttp://h/b,b\nhttp://h/c,c,d\n', pieceBytes)).toEqual([
      { where: 'line 2', problem: 'has 1 field, but the first line has 2 columns' },
      { where: 'line 4', value: { url: 'http://h/b', key: 'b' } },
      { where: 'line 5', problem: 'has 3 fields, but the first line has 2 columns' },
    ]);
    const urls = await entriesOf('urls', 'http://h/a.csv # first\nhttp://h/a.csv\traw/a\nhttp://h/b', pieceBytes);
    expect(urls).toEqual([
      {
        where: 'line 1',
        problem: expect.stringMatching(/^contains more than a URL: write a comment on a separate line/),
      },
      { where: 'line 2', problem: expect.stringMatching(/^contains more than a URL.*give a table/) },
      { where: 'line 3', value: { url: 'http://h/b' } },
    ] satisfies ListEntry[]);
  });

  const flipped = (packed: Buffer) => {
    const damaged = Buffer.from(packed);
    damaged.writeUInt8(damaged.readUInt8(damaged.length - 6) ^ 1, damaged.length - 6);
    return damaged;
  };
  it.each<[string, (packed: Buffer) => Uint8Array, string]>([
    ['cut', (packed) => packed.subarray(0, -20), 'is cut: unexpected end of file'],
    ['cut in its trailer', (packed) => packed.subarray(0, -3), 'is cut'],
    ['cut in a later member', (packed) => Buffer.concat([packed, packed.subarray(0, 15)]), 'is cut'],
    ['damaged', flipped, 'is broken: incorrect data check'],
    ['padded with zeros', (packed) => Buffer.concat([packed, Buffer.alloc(512)]), 'other bytes follow'],
    ['followed by other bytes', (packed) => Buffer.concat([packed, Buffer.from('http://h/c\n')]), 'gzip data'],
    ['no gzip at all', () => Buffer.from('http://h/a\n'), 'its content is not gzip'],
    ['empty', () => Buffer.alloc(0), 'its content is not gzip'],
  ])('refuses a .gz that is %s, by name', async (_, damage, problem) => {
    for (const [name, first, line] of [
      ['a.txt.gz', '', 'http://h/a\n'],
      ['a.jsonl.gz', '', '{"url":"http://h/a"}\n'],
      ['a.csv.gz', 'url\n', 'http://h/a\n'],
      ['a.tsv.gz', 'url\n', 'http://h/a\n'],
    ] as const) {
      const refusal = await refusalOf(name, damage(gzipSync(first + line.repeat(100))), pieceBytes);
      expect(refusal).toMatch(new RegExp(`^s3://bucket/${name}: `));
      expect(refusal).toContain(problem);
    }
  });
});

it('the reader of a list reads members of gzip that follow one another', async () => {
  const members = Buffer.concat([gzipSync('http://h/a\nhttp'), gzipSync('://h/b\n')]);
  expect(await valuesOf('a.txt.gz', members)).toEqual([{ url: 'http://h/a' }, { url: 'http://h/b' }]);
});

it.each([
  ['a.txt', Buffer.from([0x68, 0xff, 0xfe, 0xfd]), 'is not UTF-8, near line 1'],
  ['a.txt', 'http://h/a\n\0\0\0', 'has a NUL character'],
  ['a.csv', 'PK\u0003\u0004\0\0', 'has a NUL character'],
  ['a.csv', '<!DOCTYPE html><html>', 'is a page of HTML or XML'],
  ['a.txt', '\n <?xml version="1.0"?>', 'is a page of HTML or XML'],
  ['a.json', '[{"url":"http://h/a"}]', 'is a JSON array: write one object on each line'],
  ['a.csv', 'http://h/a\nhttp://h/b\n', 'its first line must name the columns'],
  ['list.tsv', 'http://h/a.csv\traw/a\n', 'got a URL: the list has no line with names'],
  ['a.csv', 'url,kye\nhttp://h/a,a\n', 'got "kye"'],
  ['a.csv', 'url,key,key\nhttp://h/a,a,b\n', 'each once; got "key"'],
  ['a.csv', 'key\na\n', 'got "key", without url'],
  ['a.csv', 'url,key\n"http://h/a,a\nhttp://h/b,b\n', 'Quote'],
])('a list is refused with a named error: %s', async (name, content, problem) => {
  const refusal = await refusalOf(name, content);
  expect(refusal).toMatch(new RegExp(`^s3://bucket/${name}: `));
  expect(refusal).toContain(problem);
});

it.each(['a.txt', 'a.csv', 'a.tsv', 'a.jsonl'])(
  'a list of 60 MB of commas in %s is refused without keeping it in memory',
  async (name) => {
    const read = async function* () {
      for (let mib = 0; mib < 60; mib++) yield Buffer.alloc(1_048_576, ',');
      throw new Error('read on to the end');
    };
    const list = { ...listOf(name, ''), read: async () => read() };
    const refusal = Array.fromAsync(readSourceList(list));
    await expect(refusal).rejects.toThrow(/line 1 is longer than 65536 characters/);
  },
);

it('the message about a header is short, whatever the header contains', async () => {
  const columns = Array.from({ length: 9_000 }, (_, n) => `c${n}`).join(',');
  expect((await refusalOf('a.csv', `${columns}\n`)).length).toBeLessThan(300);
});

it('the reader of a list refuses gzip that unpacks to more than a hundred times its size', async () => {
  const bomb = gzipSync(Buffer.alloc(20 * 1_048_576, '\n'));
  expect(await refusalOf('a.txt.gz', bomb)).toContain('unpacks to more than 100 times its size');
});

it.each([
  ['text/csv; charset=utf-8', 'url\nhttp://h/a\n'],
  ['application/x-ndjson', '{"url":"http://h/a"}'],
  ['text/tab-separated-values', 'url\nhttp://h/a\n'],
  ['text/plain', 'http://h/a\n'],
])('uses the content type %s if the name shows no format', async (type, content) => {
  const entries = await Array.fromAsync(readSourceList(listOf('export', content, 65_536, type)));
  expect(entries).toMatchObject([{ value: { url: 'http://h/a' } }]);
});

it('the reader of a list uses the format of the input, whatever the name is', async () => {
  expect(await valuesOf('a.csv', 'http://h/a\n', 65_536, 'urls')).toEqual([{ url: 'http://h/a' }]);
});

it('a problem quotes no broken line or header that may contain a signed URL', async () => {
  const url = 'https://h/a?signature=planted';
  const refusal = await refusalOf('a.csv', `${url}\n${url}\n`);
  const entries = await entriesOf('a.jsonl', `{"url":"${url}\n`);
  expect(`${refusal} ${JSON.stringify(entries)}`).not.toContain('planted');
});
