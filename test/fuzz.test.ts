import { globSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readInput } from '#lambdas/plan/input.ts';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';
import { redactUrl } from '#net/redact.ts';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { EnvironmentError, readEnvironment } from '#run/environment.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { batchSchema } from '#run/item.ts';
import { lostTransferSchema } from '#run/landing/large-transfer.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { failureSchema, handedSchema, landedSchema, resultSchema } from '#run/ledger/records.ts';
import { listedItem } from '#run/plan/items.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { readJson, type Store } from '#run/store.ts';
import { readWorkerSettings } from '#worker/environment.ts';
import { readMessage } from '#worker/runtime/read-message.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const RUNS = { seed, numRuns: Number(process.env.FUZZ_RUNS ?? 100) };

/** Values that have broken real parsers: prototypes, huge and odd numbers, half surrogates, templates, addresses. */
const nasty = fc.constantFrom<unknown>(
  null,
  '',
  '__proto__',
  '{yyyy',
  '{}{{}}',
  'http://',
  'http://[::1',
  'http://127.0.0.1:99999/',
  'file:///etc/passwd',
  '\u0000',
  '\ud800',
  '\u202e',
  'a/../b',
  '9'.repeat(400),
  Number.MAX_SAFE_INTEGER,
  -0,
  1e308,
  [],
  {},
  [[[[]]]],
  // Some readers' stacks end here, and others' don't.
  JSON.parse(`${'['.repeat(3_500)}${']'.repeat(3_500)}`) as unknown,
  { toString: 1 },
  JSON.parse('{"__proto__":{"polluted":true}}') as unknown,
);
const anything: fc.Arbitrary<unknown> = fc.oneof(nasty, fc.jsonValue({ maxDepth: 3 }));

/** Objects whose fields are named right more often than not, and hold anything. */
function withFields(names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  return fc.dictionary(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...names) }, fc.string()), anything, {
    maxKeys: names.length,
  });
}

const sourceFields = 'url key process headers query basicAuth oauth2 expect ifExists allowUnprovenEnd'.split(' ');
const source = withFields(sourceFields);
const inputFields = Object.keys(executionInputSchema.shape);
const input = fc.oneof(
  anything,
  withFields(inputFields),
  fc
    .tuple(withFields(inputFields), fc.array(fc.oneof(source, anything), { maxLength: 3 }))
    .map(([fields, sources]) => ({ ...fields, sources })),
);

/** A bucket in which each object is this text. */
const storeWith = (text: string): Store => ({
  client: { send: async () => ({ Body: { transformToString: async () => text }, ETag: '"e"' }) } as never,
  bucket: 'fuzz',
});

/** The error of a call; undefined if it threw none. */
/** All variables that a function or a worker reads. */
async function allVariables(): Promise<Parameters<typeof readEnvironment>[0]> {
  const root = new URL('../', import.meta.url);
  const files = globSync(['lambdas/environment/*.ts', 'run/settings/variables/*.ts'], { cwd: root });
  const modules: object[] = await Promise.all(files.map((file) => import(new URL(file, root).href)));
  return Object.assign({}, ...modules.flatMap((exported) => Object.values(exported).filter(isGroup)));
}

/** Besides variables, the modules export what they build variables from. */
function isGroup(exported: object): boolean {
  return Object.keys(exported).every((name) => /^[A-Z_]+$/.test(name));
}

function errorOf(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const rules = {
  runId: 'fuzz',
  defaultInput: undefined,
  gate: gateSchema.parse({}),
  processors: PROCESSOR_NAMES,
};
const defaults = { scheduledTime: new Date(0), timeZone: 'UTC', process: null, processors: PROCESSOR_NAMES };

describe(`random values of any kind (FUZZ_SEED=${seed})`, () => {
  it('any value as an execution input is accepted, or refused with the path of every problem', () => {
    fc.assert(
      fc.property(input, (typed) => {
        const error = errorOf(() => readInput(typed, rules));
        if (error === undefined) return;
        expect(error).toMatchObject({ name: 'InvalidInputError' });
        const { problems } = error as { problems: string[] };
        expect(problems.length).toBeGreaterThan(0);
        for (const problem of problems) expect(problem).toMatch(/^(input|[A-Za-z]+[^\n]*): \S/s);
      }),
      RUNS,
    );
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('any line of a list is an item, or a problem with its line number', () => {
    fc.assert(
      fc.property(fc.oneof(source, anything), (value) => {
        const problems: string[] = [];
        const item = listedItem(value, 'line 7', defaults, (problem) => void problems.push(problem));
        if (item === undefined) expect(problems.length).toBeGreaterThan(0);
        else expect(problems).toEqual([]);
        for (const problem of problems) expect(problem).toMatch(/^line 7/);
      }),
      RUNS,
    );
  });

  it('any value as settings is accepted, or refused with the names of the settings', () => {
    const names = 'gate ingest workers run bucket network sources limits logs schedules defaultInput stackName'.split(
      ' ',
    );
    const given = fc.dictionary(
      fc.oneof(
        fc.constantFrom(...names.map((name) => `sluice.${name}`)),
        fc.constantFrom(
          'sluice.gate.attempts',
          'sluice.sources.openRanges',
          'sluice.limits.runGiB',
          'sluice.sources.credentials',
        ),
        fc.string().map((name) => `sluice.${name}`),
      ),
      fc.oneof(anything, fc.string()),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(given, (context) => {
        const error = errorOf(() => readSettings(context));
        if (error !== undefined) expect(error).toBeInstanceOf(SettingsError);
      }),
      RUNS,
    );
  });

  it('any message is read or refused, and reading never throws', () => {
    const body = fc.oneof(
      fc.string(),
      fc
        .oneof(anything, withFields('v runId item name process fetch object input'.split(' ')))
        .map((value) => JSON.stringify(value) ?? ''),
    );
    fc.assert(
      fc.property(body, (text) => {
        expect(errorOf(() => readMessage(text))).toBeUndefined();
      }),
      RUNS,
    );
  });

  it.each([
    ['a landed record', landedSchema],
    ['a result', resultSchema],
    ['a failure', failureSchema],
    ['a handed record', handedSchema],
    ['a plan', planSummarySchema],
    ['a manifest', manifestSchema],
    ['a gate record', gateRecordSchema],
    ['a batch', batchSchema],
    ['a transfer', lostTransferSchema],
  ])('any object as %s is refused with its key and a path, or fits the schema', async (_name, schema) => {
    const names = 'shape' in schema ? Object.keys(schema.shape as object) : sourceFields;
    const records = fc.oneof(anything, withFields(names), fc.array(withFields(names), { maxLength: 2 }));
    await fc.assert(
      fc.asyncProperty(records, async (value) => {
        const text = JSON.stringify(value) ?? '';
        await readJson(storeWith(text), 'runs/fuzz/record.json', schema as z.ZodType).then(
          (read) => expect(schema.safeParse(read).success).toBe(true),
          (error: unknown) => {
            expect(error).toMatchObject({ name: expect.stringMatching(/^(UnreadableRecord|NewerVersion)Error$/) });
            expect(String(error)).toMatch(/s3:\/\/fuzz\/runs\/fuzz\/record\.json( is not JSON$|: \S+: \S)/);
          },
        );
      }),
      RUNS,
    );
  });

  it('any result of a processor can be read again from its record, or is refused by name', async () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const noJson = fc.constantFrom<unknown>(
      undefined,
      10n,
      Symbol('x'),
      () => 1,
      cycle,
      { a: 10n },
      new Date(Number.NaN),
      new Map([[1, 2]]),
      {
        toJSON() {
          throw new Error('no');
        },
      },
      JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`),
      'x'.repeat(300_000),
    );
    const returned = fc.oneof(anything, noJson, fc.array(fc.oneof(anything, noJson), { maxLength: 3 }));
    await fc.assert(
      fc.asyncProperty(returned, async (value) => {
        const processor: Processor = { name: 'fuzz', options: z.strictObject({}), process: async () => value as never };
        await testProcessor<unknown>(processor).then(
          ({ result }) =>
            expect(resultSchema._zod.innerType.shape.result.safeParse(JSON.parse(JSON.stringify(result))).success).toBe(
              true,
            ),
          (error: unknown) => expect(error).toMatchObject({ name: 'InvalidResultError' }),
        );
      }),
      RUNS,
    );
  });

  it('any environment is accepted, or refused with the names of its variables', async () => {
    const variables = await allVariables();
    expect(variables).toHaveProperty('SLUICE_BUCKET');
    expect(variables).toHaveProperty('SLUICE_GATE');
    const value = fc.oneof(
      fc.string(),
      anything.map((some) => JSON.stringify(some) ?? ''),
    );
    const saved = { ...process.env };
    try {
      fc.assert(
        fc.property(fc.dictionary(fc.constantFrom(...Object.keys(variables)), value), (given) => {
          const clean = Object.fromEntries(
            Object.entries(given).map(([name, text]) => [name, text.replaceAll('\0', '')]),
          );
          Object.assign(process.env, clean);
          const error = errorOf(() => readEnvironment(variables));
          if (error !== undefined) expect(error).toBeInstanceOf(EnvironmentError);
          const worker = errorOf(() => readWorkerSettings(clean));
          if (worker !== undefined) expect(worker).toBeInstanceOf(EnvironmentError);
        }),
        RUNS,
      );
    } finally {
      process.env = saved;
    }
  });

  it('any URL is redacted, whatever it contains', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(word, word, fc.webPath(), (user, name, path) => {
        const secret = 'Hunter2Hunter2';
        const text = redactUrl(
          `https://${user}:${secret}@example.org${path.replaceAll(secret, '')}?${secret}&${name}=${secret}&${name}=a=${secret}#${secret}`,
        );
        expect(text).not.toContain(secret);
        expect(redactUrl(text)).toBe(text);
      }),
      RUNS,
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof redactUrl(text)).toBe('string');
      }),
      RUNS,
    );
  });
});
