import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';
import { type Profile, profile } from '#processors/profile.ts';
import { failureOf, lines, type Read, read, typesOf } from './reading.ts';

describe('the header of a table', () => {
  it.each<[string, string, string[], number]>([
    ['an index without a name', ',name,qty\n0,ann,3\n1,bob,4\n', ['column_1', 'name', 'qty'], 2],
    ["R's row names", '"","mpg","cyl"\n"Mazda",21,6\n"Datsun",22.8,4\n', ['column_1', 'mpg', 'cyl'], 2],
    [
      "R's row names without a name",
      'mpg\tcyl\nMazda\t21\t6\nDatsun\t22.8\t4\nFiat\t20\t4\n',
      ['column_1', 'mpg', 'cyl'],
      3,
    ],
    ['repeated names', 'id,name,name\n1,a,b\n2,c,d\n', ['id', 'name', 'name_2'], 2],
    ['a comma at the end', 'id,name,\n1,a,\n2,b,\n', ['id', 'name', 'column_3'], 2],
    ['a comma at the end of each row but the header', 'id,name\n1,a,\n2,b,\n3,c,\n', ['id', 'name', 'column_3'], 3],
    ['a comma at the end of the header only', 'a note\n\nid,name,\n1,a\n2,b\n3,c\n4,d\n', ['id', 'name'], 4],
    ['years', 'country,1990,1991,1992\nDE,1,2,3\nFR,4,5,6\n', ['country', '1990', '1991', '1992'], 2],
    ['only text', 'name,city\nann,Bonn\nbob,Rome\n', ['name', 'city'], 2],
  ])('a table has its header: %s', async (_name, object, names, rows) => {
    const found = await read(object);
    expect(found.converted).toMatchObject({ header: true, rows, badRows: 0 });
    expect(found.converted.schema.map(({ name }) => name)).toEqual(names);
  });

  it.each<[string, string, number]>([
    ['dates', '2024-01-01,AAPL,buy\n2024-01-02,MSFT,sell\n2024-01-03,IBM,buy\n', 3],
    ['true and false', 'true,yes,a\nfalse,no,b\n', 2],
    ['numbers', '1,2\n3,4\n', 2],
    ['years that are data', 'DE,1990,1991\nFR,1992,1993\n', 2],
  ])('a table has no header if its first row is data: %s', async (_name, object, rows) => {
    expect((await read(object)).converted).toMatchObject({ header: false, rows, badRows: 0 });
  });

  it('the option decides whether a table has a header', async () => {
    expect((await read('a,b\nc,d\n', { header: false })).converted).toMatchObject({ header: false, rows: 2 });
  });
});

describe('lines above a table', () => {
  it.each<[string, string, object]>([
    ['two lines of title', 'Report of sales\nGenerated 2024\n\nid,name\n1,a\n2,b\n3,c\n', { rows: 3, skippedLines: 3 }],
    ["Excel's sep=", 'sep=;\nid;name\n1;a\n2;b\n', { rows: 2, delimiter: ';', skippedLines: 0 }],
    ['a header that begins as a comment', '#id,name\n1,a\n2,b\n', { rows: 2, columns: 2, header: true }],
    ['VCF', '##x=1\n##y=2,3\n#CHROM\tPOS\n1\t5\n2\t6\n', { rows: 2, columns: 2, header: true, skippedLines: 2 }],
    ['comments', '# made by x\n# on Monday, early\nid,name\n1,a\n2,b\n', { rows: 2, columns: 2 }],
    [
      "the World Bank's notes",
      `"Data Source","WDI",\n\n"Last Updated","2024-06-28",\n\n"Country","Code","1960","1961",\n${lines(40, (n) => `"C${n}","C${n}","${n}","${n + 1}",\n`)}`,
      { rows: 40, columns: 5, header: true, skippedLines: 4 },
    ],
    [
      'a line of counts, as scikit-learn writes',
      `4,2,setosa,versicolor\n${lines(50, (n) => `${n}.5,3.${n},1\n`)}`,
      { rows: 50, columns: 3 },
    ],
  ])('a table is found below %s', async (_name, object, expected) => {
    expect((await read(object)).converted).toMatchObject({ ...expected, badRows: 0 });
  });
});

describe('variants of a table', () => {
  const table = lines(300, (n) => `${n},x${n},y\n`);
  it.each<[string, string | Buffer, Record<string, unknown>, object]>([
    ['CRLF only after the header', `id,a,b\r\n${table}`, {}, { rows: 300, columns: 3 }],
    [
      'CRLF, then LF',
      `id,a,b\r\n${table.slice(0, 1_000).replaceAll('\n', '\r\n')}${table.slice(1_000)}`,
      {},
      { rows: 300, columns: 3 },
    ],
    ['only CR', `id,a,b\n${table}`.replaceAll('\n', '\r'), {}, { rows: 300, columns: 3 }],
    ['LF within quotes, CRLF without', 'a,b\r\n1,"two\nlines"\r\n2,y\r\n', {}, { rows: 2 }],
    ['semicolons and decimal commas', 'a,b;c,d\n1,5;2,5\n3,5;4,5\n', {}, { rows: 2, columns: 2, delimiter: ';' }],
    [
      'the same without a header',
      '1,5;2,5;3,5\n1,6;2,6;3,6\n1,7;2,7;3,7\n',
      {},
      { rows: 3, columns: 3, delimiter: ';' },
    ],
    [
      'quotes that are text, between tabs',
      'id\ttitle\tyear\n1\t"Hello\t2001\n2\tWorld"\t2002\n3\tX\t2003\n',
      {},
      { rows: 3 },
    ],
    [
      'a quote in the first row, between tabs',
      `1\t"x\t3\n${lines(38, (n) => `${n}\ty\t3\n`)}`,
      {},
      { rows: 39, columns: 3 },
    ],
    ['inches', 'id,size\n1,5" pipe\n2,x\n3,y\n', {}, { rows: 3 }],
    ["Excel's text formulas", 'id,code\n1,="001"\n2,="002"\n', {}, { rows: 2 }],
    ['blanks before quotes', 'id, name, qty\n1, a, 5\n2, "b, c", 6\n', {}, { rows: 2, columns: 3 }],
    [
      'quotes inside fields, between pipes',
      `id|params|t\n1||0.5\n${lines(40, (n) => `${n}|{"k": ${n}}|0.1\n`)}`,
      {},
      { rows: 41 },
    ],
    ['single quotes', "a,b\n1,'x, y'\n2,'p, q'\n3,'r'\n", {}, { rows: 3, columns: 2 }],
    ['backslashes before quotes', 'a,b\n1,"x \\"y\\", z"\n2,"p, q"\n3,"r"\n', {}, { rows: 3, columns: 2 }],
    ['UTF-16 without a mark', Buffer.from('a,b\n1,x\n2,y\n', 'utf16le'), {}, { rows: 2, encoding: 'utf-16le' }],
    [
      'the encoding of the option',
      Buffer.from('a,b\n1,\xcf\xf0\n2,y\n', 'latin1'),
      { encoding: 'windows-1251' },
      { rows: 2 },
    ],
    ['rows to skip', 'x,y\nx,y\na,b\n1,2\n', { skipRows: 2 }, { rows: 1, columns: 2, header: true }],
    ['the comment character of the option', 'a,b\n1,2\n%3,4\n5,6\n', { comment: '%' }, { rows: 2 }],
    ['no quoting, by the option', 'a,b\n1,"x"\n', { quote: '' }, { rows: 1 }],
    ['rows to fill up', 'a,b,c\n1,2,3\n4\n5,6\n', { padShortRows: true, format: 'csv' }, { rows: 3, badRows: 0 }],
  ])('a table may have %s', async (_name, object, options, expected) => {
    expect((await read(object, options)).converted).toMatchObject({ badRows: 0, ...expected });
  });

  it('a table may have texts for missing values', async () => {
    const found = await read('a,b\n1,x\nNA,y\n-,z\n', { nullValues: ['NA', '-'] });
    expect(typesOf(found)).toEqual({ a: 'BIGINT', b: 'VARCHAR' });
    expect(found.profiled.statistics[0]).toEqual({
      name: 'a',
      type: 'BIGINT',
      nulls: 2,
      distinct: 1,
      min: '1',
      max: '1',
    });
  });

  it('a table may have a skippable frame before its zstd data', async () => {
    const frame = Buffer.concat([
      Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]),
      zstdCompressSync('id,name\n1,a\n2,b\n'),
    ]);
    expect((await read(frame)).converted).toMatchObject({ compression: 'zstd', format: 'csv', rows: 2 });
  });
});

describe('types of columns', () => {
  it.each<[string, string, string | number, string]>([
    ['a telephone number keeps its plus', 'a,b\nx,+491711234567\ny,+491729876543\n', '+491711234567', 'VARCHAR'],
    ['a postcode keeps its zero', 'a,b\nx,01067\ny,80331\n', '01067', 'VARCHAR'],
    ['money keeps its cents', 'a,b\n1,12345678901234567.89\n2,0.10\n', '12345678901234567.89', 'DECIMAL(38,2)'],
    [
      'integers beyond 64 bits stay exact',
      'a,b\n1,18446744073709551615\n2,7\n',
      '18446744073709551615',
      'DECIMAL(38,0)',
    ],
    ['integers beyond 38 digits are text', `a,b\n1,${'9'.repeat(39)}\n2,7\n`, '9'.repeat(39), 'VARCHAR'],
    ['17 digits that a DOUBLE holds are one', 'a,b\n1,0.30000000000000004\n2,1\n', 0.30000000000000004, 'DOUBLE'],
    ['numbers behind blanks are numbers', 'a,b\n7, .01138\n9, .5\n', 0.01138, 'DOUBLE'],
    ['nanoseconds stay', 'a,b\n1,2024-01-01 10:00:00.123456789\n', '2024-01-01 10:00:00.123456789', 'VARCHAR'],
    ['a moment keeps its zone', 'a,b\n1,2024-01-01T10:00:00+02:00\n', '2024-01-01 08:00:00+00', 'TIMESTAMPTZ'],
    ['days and months that can be either stay text', 'a,b\n1,01/02/2024\n2,03/04/2024\n', '01/02/2024', 'VARCHAR'],
    ['days and months that are clear are dates', 'a,b\n1,31/12/2024\n2,03/04/2024\n', '2024-12-31', 'DATE'],
    ['yes and no stay', 'a,b\n1,yes\n2,no\n', 'yes', 'VARCHAR'],
    ['numbers with separators are text', 'a,b\n1,1_000\n2,5\n', '1_000', 'VARCHAR'],
    ['infinity is no date', 'a,b\n1,infinity\n2,2024-01-01\n', 'infinity', 'VARCHAR'],
  ])('types lose nothing: %s', async (_name, object, value, type) => {
    const found = await read(object, { header: true });
    expect(typesOf(found).b).toBe(type);
    expect(String(found.rows[0]?.b)).toBe(String(value));
  });

  it('a column that begins with thousands of empty fields has the type of the later values', async () => {
    const found = await read(`a,b\n${lines(3_000, (n) => `${n},\n`)}1,2.5\n`);
    expect(typesOf(found)).toEqual({ a: 'BIGINT', b: 'DOUBLE' });
  });

  it('a decimal comma is read as a decimal point, also with the option', async () => {
    const found = await read('a;b\n1,5;x\n-2,25;y\n', { decimal: ',' });
    expect(found.rows.map(({ a }) => a)).toEqual([1.5, -2.25]);
  });

  it('dates are read in the format of the option', async () => {
    const found = await read('a,b\n1,01/02/2024\n2,03/04/2024\n', { dateFormat: '%d/%m/%Y' });
    expect(found.rows.map(({ b }) => b)).toEqual(['2024-02-01', '2024-04-03']);
  });

  it.each<[string, string, string, number, number]>([
    ['INTEGER', '1.7,2,0x1F,1_000,1e2,3.0,x', 'p', 3, 4],
    ['DECIMAL(12,2)', '1.005,2.999,1.10,7,1e2', 'p', 3, 2],
    ['DOUBLE', '9007199254740993,1.1,5', 'p', 2, 1],
    ['DATE', '2024-01-01,2024-01-02,2024-01-01 10:00', 'p', 2, 1],
    ['TIMESTAMP', '2024-01-01T10:00:00Z,2024-01-01,2024-01-01 10:00:00+02', 'p', 2, 1],
  ])('a given %s rounds nothing, and counts a bad row instead', async (type, values, column, rows, badRows) => {
    const object = `id,p\n${values
      .split(',')
      .map((value, n) => `${n},${value}\n`)
      .join('')}`;
    const found = await read(object, { types: { [column]: type }, maxBadRows: 10 });
    expect(found.converted).toMatchObject({ rows, badRows });
  });

  it('a bad row is written whole, whatever its columns are called', async () => {
    const found = await read('id,t\n1,x\n2,5\n', { types: { t: 'INTEGER' } });
    expect(found.rejects).toEqual([
      { line: null, reason: 'a value of column "t" is not of type INTEGER', text: '{"id":"1","t":"x"}' },
    ]);
  });
});

describe('JSON', () => {
  it.each<[string, string, Record<string, unknown>, string, string]>([
    ['an integer of 64 bits', '{"a":18446744073709551615}\n{"a":1}\n', {}, '18446744073709551615', 'UBIGINT|DECIMAL.*'],
    ['a longer integer', '{"a":18446744073709551616}\n{"a":1}\n', {}, '18446744073709551616', 'DECIMAL\\(38,0\\)'],
    [
      'a long integer given as text',
      '{"a":18446744073709551616}\n{"a":1}\n',
      { types: { a: 'VARCHAR' } },
      '18446744073709551616',
      'VARCHAR',
    ],
    ['infinity', '{"a":"infinity"}\n{"a":"2024-01-01"}\n', {}, 'infinity', 'VARCHAR|DATE'],
    [
      'an offset',
      '{"a":"2024-01-01T10:00:00+02:00"}\n{"a":"2024-01-01T10:00:01+02:00"}\n',
      {},
      '2024-01-01 08:00:00+00',
      'TIMESTAMPTZ',
    ],
  ])('JSON keeps %s', async (_name, object, options, value, type) => {
    const found = await read(object, options);
    expect(typesOf(found).a).toMatch(new RegExp(`^(${type})$`));
    expect(String(found.rows[0]?.a)).toBe(value);
  });

  it('JSON keeps long integers and infinity in nested values', async () => {
    const found = await read('{"n":{"id":18446744073709551616,"x":1.5}}\n{"n":{"id":1,"x":2}}\n{"n":null}\n');
    expect(JSON.stringify(found.rows[0])).toContain('18446744073709551616');
    const dates = await read('{"n":{"d":"infinity"}}\n{"n":{"d":"2024-01-01"}}\n');
    expect(JSON.stringify(dates.rows[0])).toContain('infinity');
  });

  it('JSON has a column for each of 301 keys', async () => {
    const row = (n: number) =>
      `${JSON.stringify(Object.fromEntries(Array.from({ length: 301 }, (_, k) => [`k${k}`, n * k])))}\n`;
    const found = await read(lines(5, row));
    expect(found.converted).toMatchObject({ rows: 5, columns: 301 });
    expect(new Set(Object.values(typesOf(found)))).toEqual(new Set(['BIGINT']));
  });

  it('JSON has a column for each rare key', async () => {
    const found = await read(lines(300, (n) => `{"id":${n},"k${n}":1}\n`));
    expect(found.converted).toMatchObject({ rows: 300, columns: 301 });
  });

  it.each<[string, string, RegExp]>([
    ['an array behind a comma', '[{"a":1},\n{"a":2},\n', /MalformedInputError: the JSON is incomplete/],
    ['an array with a comma before its end', '[{"a":1},]', /MalformedInputError.*malformed/],
    ['an object with a comma before its end', '{"a":1,}', /MalformedInputError.*malformed/],
    ['an object that breaks off', '{"a":{"b":1}', /MalformedInputError.*is incomplete/],
    ['two commas', '[{"a":1},,{"a":2}]', /MalformedInputError.*malformed/],
    ['text behind the end', '[{"a":1}] x', /MalformedInputError.*malformed/],
    ['an array in an array that is not closed', '[[1,2],[3,4]', /MalformedInputError.*is incomplete/],
  ])('broken JSON fails by name: %s', async (_name, object, message) => {
    expect(await failureOf(object)).toMatch(message);
  });

  it('JSON with one value beyond 16 MiB is converted', { tags: ['heavy'] }, async () => {
    const features = Array.from({ length: 150_000 }, (_, id) => ({
      ...{ type: 'Feature', properties: { id, name: `n${id}` } },
      geometry: { type: 'Point', coordinates: [id / 1_000, 1.5] },
    }));
    const object = JSON.stringify({ type: 'FeatureCollection', features });
    expect(object.length).toBeGreaterThan(16_777_216);
    const { result } = await testProcessor<ParquetResult>(parquet as Processor, { object, memoryBytes: 916_455_424 });
    expect(result).toMatchObject({ rows: 1, columns: 2, badRows: 0 });
  });

  it('JSON of 1,000 leaves is converted within the default share of memory', async () => {
    const stats = Object.fromEntries(
      Array.from({ length: 10 }, (_, b) => [
        `browser${b}`,
        Object.fromEntries(Array.from({ length: 100 }, (_, v) => [`${b}.${v}`, 'y'])),
      ]),
    );
    const { result } = await testProcessor<ParquetResult>(parquet as Processor, {
      object: JSON.stringify({ stats }),
      memoryBytes: 916_455_424,
    });
    expect(result).toMatchObject({ rows: 1, columns: 1, files: 1 });
  });
});

describe('content that is not a table', () => {
  it.each<[string, string, string]>([
    [
      'a login page',
      'login.csv',
      '<!doctype html><html><head><title>Sign in</title></head><body>Please, sign in</body></html>',
    ],
    ['an error in XML', 'data.csv', '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code>, <Id>1</Id></Error>\n'],
    ['a page behind blank lines', 'data.json', '\n\n  <html>\n<body>a, b</body></html>'],
    ['a sentence with a comma', 'quota.csv', 'Error: quota exceeded, try again later\n'],
    ['an error in JSON', 'data.csv', '{"error":"quota exceeded","code":429}'],
    ['lines of text', 'data.csv', 'Service Unavailable\nplease try again\n'],
    ['text for a Parquet file', 'data.parquet', 'Not Found\n'],
  ])('content that replaces a table is not a table: %s', async (_name, name, object) => {
    expect(await failureOf(object, {}, name)).toMatch(/^NoTableError/);
  });

  it('one line of names is a table without rows if the name promises a table', async () => {
    expect((await read('id,name,price\n', {}, 'exports/empty.csv.gz')).converted).toMatchObject({
      rows: 0,
      columns: 3,
    });
  });

  it('blanks between fields make a table if the name promises a table', async () => {
    const object = 'Chins Situps Jumps\n5 162 60\n2 110 60\n12 101 101\n';
    expect((await read(object, {}, 'linnerud.csv')).converted).toMatchObject({ rows: 3, columns: 3, delimiter: ' ' });
  });

  it('one column is a table if the name promises a table and its type confirms it', async () => {
    expect((await read('value\n1\n2\n', {}, 'values.csv')).converted).toMatchObject({
      rows: 2,
      columns: 1,
      header: true,
    });
  });
});

describe('a small file that was made to be expensive', { tags: ['heavy'] }, () => {
  const MIB = 1_048_576;
  const longKeys = Array.from({ length: 50 }, (_, n) => `{"${String(n).padEnd(MIB, 'k')}":1}`);
  it.each<[string, () => string, RegExp]>([
    [
      'commas around quoted line feeds',
      () => `a,b\n1,2\n${`${','.repeat(65_536)}"\n"`.repeat(1_600)}`,
      /^NoTableError.*65537 columns/,
    ],
    [
      'long keys in an array',
      () => `[${longKeys.join(',')}]`,
      /^TooManyBadRowsError.*a key is longer than 1,000 characters/,
    ],
    ['long keys in lines', () => longKeys.join('\n'), /^TooManyBadRowsError.*a key is longer than 1,000 characters/],
    ['objects within objects', () => '{"a":'.repeat(5_000_000), /^MalformedInputError.*deeper than 200 levels/],
    ['arrays within arrays', () => '['.repeat(20_000_000), /^MalformedInputError.*deeper than 200 levels/],
    [
      'a header of more than the head that is read',
      () => `${`${'a'.repeat(5_000)},`.repeat(300)}\n1\n`,
      /^NoTableError.*first line/,
    ],
  ])('a small file does not end the process: %s', async (_name, make, message) => {
    expect(await failureOf(gzipSync(make()))).toMatch(message);
  });

  it('a line of 16 MiB that is nested without end is one bad row', async () => {
    const object = gzipSync(`{"a":1}\n{"a":${'['.repeat(16 * MIB - 10)}\n`);
    expect((await read(object)).converted).toMatchObject({ rows: 1, badRows: 1 });
  });
});

describe('more bad rows than good rows', () => {
  it('more bad rows than good ones are a failure with the first three reasons', async () => {
    const object = `a,b\n1,2\n${lines(40, () => '1,2,3\n')}${lines(30, () => '1,2\n')}`;
    expect(
      await failureOf(object, { format: 'csv', delimiter: ',', skipRows: 0, header: true, types: { a: 'DATE' } }),
    ).toMatch(/^TooManyBadRowsError/);
    expect(await failureOf(`{"a":1}\n${lines(9, () => '{"a":\n')}`, { format: 'jsonl' })).toMatch(
      /^TooManyBadRowsError: 9 of 10 rows are bad, which is most of them.*line 2.*line 3.*line 4/,
    );
  });

  it.each<[number, number, unknown, boolean]>([
    [100, 10, undefined, true],
    [100, 12, undefined, false],
    [1_000, 100, undefined, true],
    [1_000, 120, undefined, false],
    [5, 6, undefined, false],
    [5, 6, 6, true],
    [100, 6, '5%', false],
    [100, 5, '5%', true],
  ])('a table with %i good and %i bad rows and maxBadRows %j: accepted %j', async (good, bad, maxBadRows, passes) => {
    const object = `{"a":1}\n${lines(good - 1, (n) => `{"a":${n}}\n`)}${lines(bad, () => '{"a":\n')}`;
    const options = { format: 'jsonl', ...(maxBadRows === undefined ? {} : { maxBadRows }) };
    if (passes) expect((await read(object, options)).converted).toMatchObject({ rows: good, badRows: bad });
    else expect(await failureOf(object, options)).toMatch(/^TooManyBadRowsError/);
  });
});

describe('profile', () => {
  it('profile shows for each column type, nulls, distinct values, smallest and largest value', async () => {
    const { result } = await testProcessor<Profile>(profile as Processor, {
      object: 'id,city,day\n1,Bonn,2024-01-02\n2,Bonn,\n3,Rome,2024-01-01\n',
    });
    expect(result.statistics).toEqual([
      { name: 'id', type: 'BIGINT', nulls: 0, distinct: 3, min: '1', max: '3' },
      { name: 'city', type: 'VARCHAR', nulls: 0, distinct: 2, min: 'Bonn', max: 'Rome' },
      { name: 'day', type: 'DATE', nulls: 1, distinct: 2, min: '2024-01-01', max: '2024-01-02' },
    ]);
  });

  it('profile reads Parquet files too', async () => {
    const made = await testProcessor<ParquetResult>(parquet as Processor, { object: 'a,b\n1,x\n2,y\n' });
    const object = made.outputs.get('data.parquet')?.content ?? '';
    const { profiled } = await read(object);
    expect(profiled).toMatchObject({ format: 'parquet', rows: 2, columnNames: ['a', 'b'] });
    expect(await failureOf((object as Buffer).subarray(0, 200))).toMatch(
      /^MalformedInputError: the Parquet file is broken/,
    );
  });
});

describe('an odd table', () => {
  const types = (found: Read): string[] => found.converted.schema.map(({ type }) => type);

  it.each<[string, string | Buffer, Record<string, unknown>, object, string[]]>([
    ['decimal commas between tabs', 'x\ty\n1,2\t3,4\n5,6\t7,8\n', {}, { delimiter: '\t' }, ['DOUBLE', 'DOUBLE']],
    ['decimal commas between |', 'x|y\n1,2|3,4\n5,6|7,8\n', {}, { delimiter: '|' }, ['DOUBLE', 'DOUBLE']],
    ['quoted decimal commas', '"x";"y"\n"1,5";"2"\n"2,5";"3"\n', {}, { delimiter: ';' }, ['DOUBLE', 'BIGINT']],
    ['thousands between tabs, as text', 'x\ty\n1,234\t5\n2,345\t6\n', {}, { delimiter: '\t' }, ['VARCHAR', 'BIGINT']],
    ['blanks behind numbers', 'id ,val \n1 ,2.5 \n2 , 3.5\n', {}, { header: true }, ['BIGINT', 'DOUBLE']],
    ['a line of blanks', 'id,t\n1,a\n   \n2,b\n', {}, { rows: 2 }, ['BIGINT', 'VARCHAR']],
    ['0x1A at its end', 'id,t\n1,a\n2,b\n\x1a', {}, { rows: 2 }, ['BIGINT', 'VARCHAR']],
    ['years by fives', 'c,1990,1995,2000\nDE,1,2,3\n', {}, { header: true, rows: 1 }, []],
    ['the last year first', 'c,2002,2001,2000\nDE,1,2,3\nFR,4,5,6\n', {}, { header: true, rows: 2 }, []],
    ['years that are data', 'DE,1990,1995,2000\nFR,1991,1992,2003\n', {}, { header: false, rows: 2 }, []],
    ['empty fields behind all rows', 'a,b\n1,2,,\n3,4,,\n5,6,,\n', {}, { header: true, columns: 4, rows: 3 }, []],
    ['short rows alone', 'a,b,c\n1,2\n3,4\n', { padShortRows: true }, { header: true, columns: 3, rows: 2 }, []],
    ['mostly short rows', 'a,b,c\n1,2\n3\n6,7,8\n', { padShortRows: true }, { rows: 3 }, Array(3).fill('BIGINT')],
    [
      'short rows below a title',
      `T\n\nid,a,b\n${lines(9, (n) => `${n},2\n`)}3,4,5\n`,
      { padShortRows: true },
      { rows: 10 },
      [],
    ],
    [
      'short rows below a comma',
      `a,b,c,\n${lines(9, (n) => `${n},2,3\n`)}`,
      { padShortRows: true },
      { header: true },
      [],
    ],
    ['names in angle brackets', '<DATE>,<OPEN>\n2024-01-01,1.5\n2024-01-02,2\n', {}, { rows: 2 }, ['DATE', 'DOUBLE']],
    ['years of two digits', 'd,v\n13.01.24,1\n31.12.23,2\n', {}, { rows: 2 }, ['VARCHAR', 'BIGINT']],
    ['UTC in words', 't,v\n2024-01-01 08:00:00 UTC,1\n2024-07-01 08:00:00 UTC,2\n', {}, {}, ['TIMESTAMPTZ', 'BIGINT']],
    ['nanoseconds with a zone', 't,v\n2024-01-01T08:00:00.123456789Z,1\n', {}, {}, ['VARCHAR', 'BIGINT']],
    ['milliseconds with a zone', 't,v\n2024-01-01T08:00:00.12+02:00,1\n', {}, {}, ['TIMESTAMPTZ', 'BIGINT']],
  ])('an odd table is read: %s', async (_name, object, options, expected, wanted) => {
    const found = await read(object, options);
    expect(found.converted).toMatchObject({ ...expected, badRows: 0 });
    if (wanted.length > 0) expect(types(found)).toEqual(wanted);
  });

  it.each([
    ['numbers without a header', '1\n2\n3\n', {}, { header: false, rows: 3 }],
    ['texts, where a header is promised', 'name\nAnn\nBob\n', { header: true }, { header: true, rows: 2 }],
  ])('a file with the name .csv and one column is a table: %s', async (_name, object, options, expected) => {
    expect((await read(object, options, 'x.csv')).converted).toMatchObject({ ...expected, columns: 1 });
  });

  it('UTF-8 with one wrong byte loses one row, and no umlaut', async () => {
    const object = Buffer.concat([
      Buffer.from(`id,n\n${lines(20, (n) => `${n},Köln\n`)}`),
      Buffer.from('9,\xff\n', 'latin1'),
    ]);
    const found = await read(object);
    expect(found.converted).toMatchObject({ encoding: 'utf-8', rows: 20, badRows: 1 });
    expect(found.rows[0]).toEqual({ id: '0', n: 'Köln' });
  });

  it.each([
    ['CSV', 'h,v\n18446744073709551615,1\n1,2\n'],
    ['JSON', '{"h":18446744073709551615,"v":1}\n{"h":1,"v":2}\n'],
  ])('the option HUGEINT keeps each digit in %s', async (_name, object) => {
    const found = await read(object, { types: { h: 'HUGEINT' } });
    expect(found.rows.map(({ h }) => h)).toEqual(['18446744073709551615', '1']);
  });

  it.each([
    ['keys that differ in case', '{"Id":1}\n{"id":2}\n', ['{"Id":1}', '{"id":2}']],
    ['an empty key', '{"":1,"b":2}\n', ['{"":1,"b":2}']],
  ])('JSON loses no value with %s', async (_name, object, values) => {
    expect((await read(object)).rows).toEqual(values.map((json) => ({ json })));
  });

  it('JSON objects without keys are read', async () => {
    expect((await read('[{},{}]')).converted).toMatchObject({ rows: 2, columns: 0, files: 0 });
  });

  it.each([
    ['a byte order mark', '\ufeff'],
    ['blank lines', ' \r\n\n'],
  ])('a file with only %s is an empty input', async (_name, object) => {
    expect((await testProcessor(parquet as Processor, { object, name: 'x.csv' })).result).toMatchObject({
      format: 'empty',
    });
  });
});

describe('an error page under the name of a table', () => {
  it.each([
    ['a fragment of HTML', 'x.csv', '<p>Sorry, an error</p>\n<p>Try, again</p>\n'],
    ['XML with a namespace', 'x.csv', '<soap:Envelope xmlns:soap="x">\n<a>1,2</a>\n<b>1,2</b>\n</soap:Envelope>'],
    ['sentences', 'x.csv', 'Error: rate limit exceeded, retry after 30 s\nPlease, contact support\n'],
    ['a JSON object', 'x.parquet', '{"error":"quota"}'],
    ['UTF-32', 'x.csv', Buffer.from('\ufeff\0i\0,\0n\0\n\0', 'utf16le')],
  ])('an error page under the name of a table is not a table: %s', async (_what, name, object) => {
    expect(await failureOf(object, {}, name)).toMatch(/^NoTableError: /);
  });
});

describe('an odd value or name', () => {
  it('a point before thousands and a comma before the fraction are read if no other reading is possible', async () => {
    const found = await read('id;amount\n1;1.234,56\n2;12,50\n3;-1.000.000,00\n');
    expect(found.rows.map(({ amount }) => amount)).toEqual([1234.56, 12.5, -1000000]);
    expect(typesOf(await read('id;amount\n1;1.234,56\n2;1.234\n'))).toEqual({ id: 'BIGINT', amount: 'VARCHAR' });
    const alone = await read('id;amount\n1;1.234,56\n2;2.345,67\n');
    expect(typesOf(alone)).toEqual({ id: 'BIGINT', amount: 'DOUBLE' });
  });

  it('fractions of 17 digits in an object are DOUBLE', async () => {
    const found = await read('{"a":{"x":0.30000000000000004}}\n{"a":{"x":1.5}}\n');
    expect(typesOf(found)).toEqual({ a: 'STRUCT(x DOUBLE)' });
  });

  it.each([
    ['differ in case alone', '{"n":1,"a":{"Id":1,"id":2}}\n{"n":2,"a":{"Id":3,"id":4}}\n', '{"Id":1,"id":2}'],
    ['differ in case from row to row', '{"n":1,"a":{"Id":1}}\n{"n":2,"a":{"id":4}}\n', '{"Id":1}'],
    ['are empty', '{"n":1,"a":{"":1,"b":2}}\n{"n":2,"a":{"":3,"b":4}}\n', '{"":1,"b":2}'],
  ])('keys of an inner object that %s make every column JSON', async (_kind, object, value) => {
    const found = await read(object);
    expect(typesOf(found)).toEqual({ n: 'JSON', a: 'JSON' });
    expect(found.rows.map(({ a }) => a)[0]).toBe(value);
  });

  it.each([
    ['two lines', 'Report of sales,,\nGenerated 2024,,\nid,name,qty\n1,ann,3\n2,bob,4\n', 2],
    ['a title and a line of nothing', 'Sales 2024,,\n,,\nid,name,qty\n1,ann,3\n2,bob,4\n', 2],
  ])('a title that is filled up with commas is left out: %s', async (_kind, object, skippedLines) => {
    const found = await read(object);
    expect(found.converted).toMatchObject({ header: true, rows: 2, badRows: 0, skippedLines });
    expect(typesOf(found)).toEqual({ id: 'BIGINT', name: 'VARCHAR', qty: 'BIGINT' });
  });

  it('a line of counts that is filled up with commas is left out, as scikit-learn writes it', async () => {
    const found = await read(
      '506,13,,,,\n"CRIM","ZN","NOX","RM","AGE","DIS"\n0.1,18,2.3,0,0.5,6.5\n0.2,19,2.4,1,0.6,7.5\n',
    );
    expect(found.converted).toMatchObject({ header: true, rows: 2, badRows: 0, skippedLines: 1 });
    expect(typesOf(found)).toMatchObject({ CRIM: 'DOUBLE', ZN: 'BIGINT' });
  });

  it('rows in which only the first field has a value are rows', async () => {
    const found = await read('city,from,to\nBonn,,\nUlm,,\nKiel,1,2\n');
    expect(found.converted).toMatchObject({ header: true, rows: 3, skippedLines: 0 });
  });

  it("numpy's header, which begins as a comment, names the columns", async () => {
    const found = await read('# made by numpy\n# id,v\n1.0e+00,2.5\n2.0e+00,3.5\n3.0e+00,4.5\n');
    expect(found.converted).toMatchObject({ header: true, rows: 3, skippedLines: 1 });
    expect(typesOf(found)).toEqual({ id: 'DOUBLE', v: 'DOUBLE' });
    expect(typesOf(await read('# id,v\n1,2.5\n2,3.5\n'))).toEqual({ id: 'BIGINT', v: 'DOUBLE' });
  });

  it('infinity and NaN stay text, or are values in a column of numbers; a number that is too large stays text', async () => {
    const found = await read('id,v\n1,inf\n2,nan\n3,1.5\n4,-inf\n5,0\n');
    expect(found.rows.map(({ v }) => v)).toEqual(['inf', 'nan', '1.5', '-inf', '0']);
    const late = await read(`id,v\n${lines(30_000, (n) => `${n},${n}.5\n`)}0,inf\n0,nan\n`);
    expect(typesOf(late)).toEqual({ id: 'BIGINT', v: 'DOUBLE' });
    expect(late.rows.slice(-2).map(({ v }) => String(v))).toEqual(['Infinity', 'NaN']);
    for (const huge of ['1e400', '-1e400', '1e-400']) {
      const large = await read(`id,v\n1,${huge}\n2,2.5\n`);
      expect(large.rows[0]?.v).toBe(huge);
    }
    const json = await read('{"v":1e400}\n{"v":2.5}\n');
    expect(json.rows.map(({ v }) => v)).toEqual(['1e400', '2.5']);
  });
});
