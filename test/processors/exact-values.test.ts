// @module-tag heavy
import { describe, expect, it } from 'vitest';
import { failureOf, lines, read, typesOf } from './reading.ts';

describe('values that JSON keeps exactly', () => {
  it.each<[string, string, string[], string]>([
    [
      'a fraction',
      '{"v":0.12345678901234567890}\n{"v":1.5}\n',
      ['0.12345678901234567890', '1.50000000000000000000'],
      'DECIMAL(38,20)',
    ],
    ['money', '{"v":12345678901234567.89}\n{"v":0.10}\n', ['12345678901234567.89', '0.10'], 'DECIMAL(38,2)'],
    ['a number that is too large', '{"v":1e400}\n{"v":2.5}\n', ['1e400', '2.5'], 'VARCHAR'],
    [
      'money in an object',
      '{"v":{"x":12345678901234567.89}}\n{"v":{"x":0.10}}\n',
      ['{"x":12345678901234567.89}', '{"x":0.10}'],
      'JSON',
    ],
    [
      'fractions in a list',
      '{"v":[1.5, 0.12345678901234567890]}\n{"v":null}\n',
      ['[1.5, 0.12345678901234567890]', 'null'],
      'JSON',
    ],
    [
      'a number beside a text',
      '{"v":0.12345678901234567890}\n{"v":"x\\n"}\n',
      ['0.12345678901234567890', '"x\\n"'],
      'JSON',
    ],
    [
      'a text that looks like a number',
      '{"v":"0.12345678901234567890"}\n{"v":"1"}\n',
      ['0.12345678901234567890', '1'],
      'VARCHAR',
    ],
    [
      'a number behind U+2028',
      '{"s":"a\u2028b","v":0.12345678901234567890}\n{"v":1}\n',
      ['0.12345678901234567890', '1.00000000000000000000'],
      'DECIMAL(38,20)',
    ],
    [
      'a number of 17 digits that fits a DOUBLE',
      '{"v":0.30000000000000004}\n{"v":1e300}\n',
      ['0.30000000000000004', '1e+300'],
      'DOUBLE',
    ],
  ])('JSON keeps each digit of %s', async (_what, object, values, type) => {
    const found = await read(object);
    expect(typesOf(found).v).toBe(type);
    expect(found.rows.map(({ v }) => String(v))).toEqual(values);
    expect(found.converted.badRows).toBe(0);
  });

  it('JSON keeps each digit of numbers in an array, and of values that are not objects', async () => {
    const found = await read('[18446744073709551616,1,0.12345678901234567890]');
    expect(found.rows.map(({ json }) => json)).toEqual(['18446744073709551616', '1', '0.12345678901234567890']);
    const nested = await read('[[1,0.12345678901234567890],[2,3]]');
    expect(nested.rows.map(({ json }) => json)).toEqual(['[1,0.12345678901234567890]', '[2,3]']);
  });

  it('JSON keeps each digit in an object whose keys are not columns', async () => {
    const found = await read('{"a":0.12345678901234567890,"A":"x"}\n');
    expect(found.rows).toEqual([{ json: '{"a":0.12345678901234567890,"A":"x"}' }]);
  });

  it('JSON keeps each digit of a column whose type is an option', async () => {
    const object = '{"a":1.10,"b":12345678901234567.89}\n{"a":"x","b":"0.10"}\n{"a":1e5,"b":2}\n';
    const found = await read(object, { types: { a: 'VARCHAR', b: 'DECIMAL(30,2)' } });
    expect(found.rows).toEqual([
      { a: '1.10', b: '12345678901234567.89' },
      { a: 'x', b: '0.10' },
      { a: '1e5', b: '2.00' },
    ]);
  });

  it('JSON keeps each digit of a rare long number, and the other columns keep their types', async () => {
    const found = await read(
      `${lines(5_000, (n) => `{"id":${n},"at":"2024-01-01T10:00:00Z","v":${n}.5,"o":{"k":[${n}]}}\n`)}{"id":1,"v":0.12345678901234567890}\n`,
    );
    expect(typesOf(found)).toEqual({
      id: 'BIGINT',
      at: 'TIMESTAMPTZ',
      v: 'DECIMAL(38,20)',
      o: 'STRUCT(k BIGINT[])',
    });
  });
});

describe('a value that a given type would change', () => {
  it.each<[string, string, string, number]>([
    ['DATE', '24-02-03', '2024-02-03', 1],
    ['DATE', '2024-1-1 1', '2024-1-1', 1],
    ['DATE', 'infinity', '2024-02-03', 1],
    ['DATE', '01/02/2024', '2024-02-03', 1],
    ['TIMESTAMP', '2024-02-03 10:00:00.123456789', '2024-02-03 10:00:00.123456000', 1],
    ['TIMESTAMP', 'infinity', '2024-02-03', 1],
    ['TIMESTAMPTZ', '2024-02-03 10:00:00.1234567Z', '2024-02-03 10:00:00.123456Z', 1],
    ['TIME', '10:00:00.1234567', '10:00:00.123456', 1],
    ['TIME', '10:00:00+02', '10:00', 1],
    ['TIME', '2024-01-01 10:00:00', '10:00:00', 1],
    ['DOUBLE', '1e400', '1e300', 1],
    ['DOUBLE', '1e-400', '1e-300', 1],
    ['REAL', '1e39', '1e38', 1],
    ['REAL', '-1e-60', '-1e-30', 1],
  ])('a value that the type %s would change is a bad value: %s', async (type, wrong, right, badRows) => {
    const found = await read(`p,q\n${right},1\n${wrong},2\n${right},3\n`, { types: { p: type } });
    expect(found.converted).toMatchObject({ rows: 2, badRows });
    const json = await read(
      lines(3, (n) => `${JSON.stringify({ p: n === 1 ? wrong : right })}\n`),
      { types: { p: type } },
    );
    expect(json.converted).toMatchObject({ rows: 2, badRows });
  });

  it('the word infinity is a DOUBLE', async () => {
    const found = await read('p,q\ninf,1\n-Infinity,2\nnan,3\n', { types: { p: 'DOUBLE' } });
    expect(found.rows.map(({ p }) => String(p))).toEqual(['Infinity', '-Infinity', 'NaN']);
  });
});

describe('a given date', () => {
  it('a date whose day and month are ambiguous needs dateFormat', async () => {
    const object = 'p,q\n01/02/2024,a\n03/04/2024,b\n';
    expect(await failureOf(object, { types: { p: 'DATE' } })).toMatch(/^TooManyBadRowsError/);
    const found = await read(object, { types: { p: 'DATE' }, dateFormat: '%d/%m/%Y' });
    expect(found.rows.map(({ p }) => p)).toEqual(['2024-02-01', '2024-04-03']);
  });

  it('a date whose day and month are clear needs no dateFormat', async () => {
    const found = await read('p,q\n31/12/2024,a\n03/04/2024 ,b\n', { types: { p: 'DATE' } });
    expect(found.rows.map(({ p }) => p)).toEqual(['2024-12-31', '2024-04-03']);
  });

  it('a date may have a long form, but must not lose a time of day', async () => {
    const long = await read('p,q\n31 December 2024,a\n1 May 2024,b\n', {
      types: { p: 'DATE' },
      dateFormat: '%d %B %Y',
    });
    expect(long.rows.map(({ p }) => p)).toEqual(['2024-12-31', '2024-05-01']);
    const object = 'p,q\n31.12.2024 10:00,a\n01.05.2024 00:00,b\n';
    const timed = await read(object, { types: { p: 'DATE' }, dateFormat: '%d.%m.%Y %H:%M' });
    expect(timed.converted).toMatchObject({ rows: 1, badRows: 1 });
    expect(typesOf(await read(object, { dateFormat: '%d.%m.%Y %H:%M' }))).toMatchObject({ p: 'VARCHAR' });
  });

  it('a date in JSON is also read as dateFormat says', async () => {
    const object = '{"p":"01/02/2024"}\n{"p":"03/04/2024"}\n';
    for (const types of [{}, { p: 'DATE' }]) {
      const found = await read(object, { types, dateFormat: '%d/%m/%Y' });
      expect(typesOf(found)).toEqual({ p: 'DATE' });
      expect(found.rows.map(({ p }) => p)).toEqual(['2024-02-01', '2024-04-03']);
    }
  });
});
