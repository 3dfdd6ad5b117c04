// @module-tag heavy
import { describe, expect, it } from 'vitest';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type Profile, profile } from '#processors/profile.ts';
import { failureOf, lines, read, typesOf } from './reading.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('the header of an odd layout', () => {
  it.each<[string, string, string[], number]>([
    [
      'years above values that could be years',
      'country,2019,2020,2021\nDE,1800,1900,2000\nFR,1700,1750,1600\n',
      ['country', '2019', '2020', '2021'],
      2,
    ],
    ["pandas' numbers behind an index", ',0,1,2\n0,1.5,2.5,3.5\n1,4.5,5.5,6.5\n', ['column_1', '0', '1', '2'], 2],
    ['one column name above the row names of R', '"x"\n"1",10\n"2",20\n"3",30\n', ['column_1', 'x'], 3],
    ['names that several commas follow', 'id,name,,\n1,a\n2,b\n3,c\n', ['id', 'name'], 3],
  ])('the header is found: %s', async (_what, object, names, rows) => {
    const found = await read(object, {}, 'x.csv');
    expect(found.converted).toMatchObject({ header: true, rows, badRows: 0 });
    expect(found.converted.schema.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    ['in quotes', '"id","full name","qty (kg)"\r\n'],
    ['of a few words', 'Order ID,Customer Name,Total\n'],
    ['between semicolons', 'Order ID;Customer Name;Total\n'],
  ])('one line of names %s is a header without rows', async (_what, object) => {
    expect((await read(object, {}, 'x.csv')).converted).toMatchObject({ header: true, rows: 0, columns: 3 });
  });

  it.each([
    ['numbers after an empty field', ',0,1\n5,2,9\n,3,4\n'],
    ['fractions above integers', '0.5,-0,7\n1,2,3\n4,5,6\n'],
    ['consecutive years, as each later row', 'DE,1990,1991,1992\nFR,1993,1994,1995\n'],
  ])('a table has no header if its first row has %s', async (_what, object) => {
    expect((await read(object, {}, 'x.csv')).converted).toMatchObject({ header: false });
  });
});

it('a header with more names than most rows have fields is used, or its loss is reported', async () => {
  const object = `dates, cpi, predict, conf\n${lines(20, (n) => `1950:${n}, ${n}.5,,\n`)}${lines(200, (n) => `1960:${n}, ${n}.5,1\n`)}`;
  expect(await failureOf(object, {}, 'x.csv')).toMatch(
    /^NoTableError: a line above the table names 4 columns, but most rows have 3/,
  );
  const found = await read(object, { padShortRows: true }, 'x.csv');
  expect(found.converted).toMatchObject({ header: true, rows: 220, columns: 4, badRows: 0 });
});

describe('lines above a table', () => {
  const body = 'id,name,v\n1,ann,1.5\n2,bob,2.5\n3,carl,3.5\n';
  it.each<[string, string, number]>([
    ['a title with a comma in it', 'Report, March\n', 1],
    ['a title with as many commas as the table', 'Report, March, 2024\n', 1],
    ["MATLAB's notes", '% a, b, c\n% source: x\n', 2],
    ["C's notes", '// a, b, c\n// source: x\n', 2],
    ['sep= in capitals', 'SEP=,\n', 0],
  ])('a line above a table is skipped: %s', async (_what, above, skippedLines) => {
    const found = await read(`${above}${body}`, {}, 'x.csv');
    expect(found.converted).toMatchObject({ header: true, rows: 3, badRows: 0, skippedLines });
    expect(typesOf(found)).toEqual({ id: 'BIGINT', name: 'VARCHAR', v: 'DOUBLE' });
  });

  it('a comment line that names the columns is not skipped', async () => {
    const found = await read('% made by x\n% id,v\n1,2.5\n2,3.5\n');
    expect(typesOf(found)).toEqual({ id: 'BIGINT', v: 'DOUBLE' });
    expect(found.converted.skippedLines).toBe(1);
  });
});

describe('a few lines of text', () => {
  it.each([
    ['two phrases', 'Access denied, login required\nContact admin, please\n'],
    ['headers of HTTP', 'HTTP/1.1 403 Forbidden\nContent-Type: text/plain, charset=utf-8\nServer: x, y\n'],
    ['YAML', 'a: 1\nb: [1, 2]\nc: [3, 4]\n'],
    ['one phrase', 'Not found, sorry'],
    ['a sentence of three parts', 'Sorry, not found, try again\n'],
  ])('%s', async (_what, object) => {
    expect(await failureOf(object, {}, 'x.csv')).toMatch(/^NoTableError/);
  });
});

describe('the delimiter', () => {
  it('the delimiter is ; if all rows have it, although most rows have as many commas', async () => {
    const found = await read('name;city\nann, b;Bonn, NRW\nbob, c;Rome, IT\n');
    expect(found.converted).toMatchObject({ delimiter: ';', header: true, rows: 2, skippedLines: 0 });
  });

  it('the delimiter is a comma if a column contains lists of numbers with semicolons', async () => {
    const found = await read('id,t,u\n1,1;2;3,x\n2,4;5;6,y\n3,7;8;9,z\n');
    expect(found.converted).toMatchObject({ delimiter: ',', header: true, rows: 3, skippedLines: 0 });
  });

  it('the delimiter is ; if numbers have decimal commas and an exponent', async () => {
    const found = await read('id;v\n1;1,5E3\n2;2,5E-1\n');
    expect(found.rows.map(({ v }) => v)).toEqual([1500, 0.25]);
  });

  it('a blank after each delimiter does not belong to the values', async () => {
    const found = await read('id, name, v\n1, "a, b", 5\n2, e, 7\n3, , 8\n');
    expect(found.rows).toEqual([
      { id: '1', name: 'a, b', v: '5' },
      { id: '2', name: 'e', v: '7' },
      { id: '3', name: null, v: '8' },
    ]);
    const seldom = await read('id,name,v\n1, a,5\n2,e,7\n');
    expect(seldom.rows.map(({ name }) => name)).toEqual([' a', 'e']);
  });
});

describe('quotes are text', () => {
  it('quotes in TSV are text if each line has all its fields, even far into the file', async () => {
    const table = `id\tt\n${lines(100_000, (n) => `${n}\tplain text\n`)}`;
    const found = await read(
      `${table}1\t"open\n2\tclosed"\n3\t"a" b\n4\t"never\n5\t"x\ty"\n6\t"two\nlines"\n`,
      {},
      'x.tsv',
    );
    expect(found.converted).toMatchObject({ rows: 100_006, badRows: 0 });
    expect(found.rows.slice(100_000).map(({ t }) => t)).toEqual([
      '"open',
      'closed"',
      '"a" b',
      '"never',
      'x\ty',
      'two\nlines',
    ]);
  });

  it('single quotes around a few words are text', async () => {
    const found = await read("id,name\n1,'tis'\n2,rock 'n' roll\n3,x\n");
    expect(found.rows.map(({ name }) => name)).toEqual(["'tis'", "rock 'n' roll", 'x']);
    const quoted = await read("id,name\n1,'ann'\n2,'bob'\n");
    expect(quoted.rows.map(({ name }) => name)).toEqual(['ann', 'bob']);
  });
});

describe('the encoding', () => {
  const tokyo = Buffer.concat([Buffer.from('id,n\n1,'), Buffer.from([0x93, 0x8c, 0x8b, 0x9e]), Buffer.from('\n2,x\n')]);
  const moscow = latin1('id,n\n1,\xcc\xee\xf1\xea\xe2\xe0\n2,\xd2\xe2\xe5\xf0\xfc\n');

  it('the encoding is that of the content type if the text is not UTF-8', async () => {
    const found = await read(tokyo, {}, 'x.csv', 'text/csv; charset=Shift_JIS');
    expect(found.converted.encoding).toBe('shift_jis');
    expect(found.rows[0]?.n).toBe('東京');
    const utf8 = await read('id,n\n1,東京\n', {}, 'x.csv', 'text/csv; charset=iso-8859-1');
    expect(utf8.rows[0]?.n).toBe('東京');
    const wrong = await read(latin1('id,n\n1,K\xf6ln\n'), {}, 'x.csv', 'text/csv; charset=utf-8');
    expect(wrong.rows[0]?.n).toBe('Köln');
    const option = await read(moscow, { encoding: 'windows-1251' }, 'x.csv', 'text/csv; charset=koi8-r');
    expect(option.rows[0]?.n).toBe('Москва');
  });

  it('the encoding must be an option if the text is certainly not Western European', async () => {
    expect(await failureOf(moscow, {}, 'x.csv')).toMatch(
      /^MalformedInputError: the text is neither UTF-8 nor Western European/,
    );
    const object = latin1('id,n\n1,K\xf6ln Stra\xdfe gr\xf6\xdfer \x80 \x93x\x94\n2,\xc0\xc9x\n');
    expect((await read(object, {}, 'x.csv')).converted).toMatchObject({ encoding: 'windows-1252', rows: 2 });
  });

  it('content that is not a table is accepted with an uncertain encoding', async () => {
    const { result } = await testProcessor<Profile>(profile as Processor, {
      object: latin1('\xcc\xee\xf1\xea\xe2\xe0\n\xd2\xe2\xe5\xf0\xfc\n'),
    });
    expect(result).toMatchObject({ format: 'text', rows: 2 });
  });

  it('a row with bytes outside the encoding is a bad row', async () => {
    const object = Buffer.concat([tokyo, Buffer.from('3,'), Buffer.from([0xff]), Buffer.from('\n')]);
    const found = await read(object, { encoding: 'shift_jis' }, 'x.csv');
    expect(found.converted).toMatchObject({ rows: 2, badRows: 1 });
    expect(found.rejects[0]).toMatchObject({
      line: 4,
      reason: 'the row contains bytes that are not valid in its encoding',
    });
  });

  it('the encoding is UTF-8 although a few of few non-ASCII bytes are broken', async () => {
    const object = Buffer.concat([
      Buffer.from('id,n\n1,é\n2,è\n3,x\n4,y\n5,z\n6,'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('\n'),
    ]);
    expect((await read(object)).converted).toMatchObject({ encoding: 'utf-8', rows: 5, badRows: 1 });
  });

  it('vertical tabs are part of a value, because FileMaker writes them for line feeds in a field', async () => {
    expect((await read('id,n\n1,a\vb\n2,c\n')).rows[0]).toEqual({ id: '1', n: 'a\vb' });
  });
});

it.each(['[{"a":1},{"a":2}]', '[\n  {"a": 1},\n  {"a": 2}\n]\n'])(
  'an array under the name .jsonl is a JSON document',
  async (object) => {
    expect((await read(object, {}, 'x.jsonl')).converted).toMatchObject({ format: 'json', rows: 2 });
  },
);

it('a NUL in a key of JSON makes every object one column of JSON', async () => {
  const found = await read('{"a\\u0000b":1}\n{"a\\u0000b":2}\n');
  expect(typesOf(found)).toEqual({ json: 'JSON' });
});
