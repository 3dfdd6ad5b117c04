import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '#run/problem/catalogue.ts';
import { MACHINE } from '#run/problem/entries/machine.ts';
import { SOURCE } from '#run/problem/entries/source.ts';
import { STORAGE } from '#run/problem/entries/storage.ts';
import type { Entry } from '#run/problem/entry.ts';
import { ERRORS_FILE, errorsPage } from '#run/problem/errors-page.ts';
import { problemOf } from '#run/problem/problem.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const ROOMS = [
  'bin',
  'cli',
  'lambdas',
  'lib',
  'local',
  'net',
  'page',
  'processors',
  'run',
  'stepfunctions',
  'transfer',
  'warehouse',
  'worker',
];

/** Errors that no person sees: the same file or the same call catches them. */
const CAUGHT: Readonly<Record<string, string>> = {
  ApiError: 'an answer of the stand-in for Redshift',
  StatementError: 'an answer of the stand-in for Redshift',
  AnswerClosed: 'the request is sent again, as after a connection that broke',
  AnsweredEarly: 'the transport sends the part again',
  CommandError: 'it brings its own code',
  DamagedAnswer: 'it has a name of S3’s own, and the small client asks again',
  S3AnswerError: 'it has the name that S3 gives the error, as an error of the SDK has',
  ConnectionBrokenError: 'a fault of the source, which is asked again',
  FinalError: 'the bootstrap of a worker ends by it, and says so in its log',
  MalformedAnswerError: 'the lane makes it a fault of the source',
  NoSlotsError: 'the command line makes it a mistake in what was typed',
  NotListedError: 'the page of all runs lists the run with the next one',
  NotRetried: 'the attempts unwrap it',
  PastDeadline: 'the slice stops between parts',
  PlainGetNeeded: 'the probe asks again without a range',
  StaleConnection: 'the request is sent again',
  StaleConnectionError: 'the request is sent again',
  StorageStalled: 'the request is sent again',
  WholeAnswer: 'the range is asked for again',
};

const sources = ROOMS.flatMap((room) =>
  readdirSync(join(REPOSITORY, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('node_modules'))
    .map((file) => ({ file: join(room, file), text: readFileSync(join(REPOSITORY, room, file), 'utf8') })),
);
const entries = Object.entries(CATALOGUE);

/** Names of the classes that are errors, and of the Fail states. */
function declaredNames(): Set<string> {
  const names = new Set<string>();
  for (const { text } of sources) {
    for (const [, name = ''] of text.matchAll(/class (\w+)(?:<[^>]*>)? extends \w*(?:Error|Answer)\b/g))
      names.add(name);
    for (const [, name = ''] of text.matchAll(/new Fail\(this, '(\w+)', \{\s*error: /g)) names.add(name);
    for (const [, name = ''] of text.matchAll(/this\.#fail\('(\w+)'/g)) names.add(name);
  }
  return names;
}

describe('the catalogue of errors', () => {
  it('every class of errors that a person may meet has a code', () => {
    const known = new Set(entries.flatMap(([, { names = [] }]) => names));
    const without = [...declaredNames()].filter((name) => !known.has(name) && CAUGHT[name] === undefined);
    expect(without).toEqual([]);
  });

  it('no code names a class that does not exist, or one that another code names', () => {
    const declared = declaredNames();
    const names = entries.flatMap(([, entry]) => entry.names ?? []);
    expect(names.filter((name) => !declared.has(name))).toEqual([]);
    const all = entries.flatMap(([, { names: ours = [], foreign = [] }]) => [...ours, ...foreign]);
    expect(all.filter((name, at) => all.indexOf(name) !== at)).toEqual([]);
    expect(Object.keys(CAUGHT).filter((name) => !declared.has(name))).toEqual([]);
  });

  it('every code can occur', () => {
    const outside = sources.filter(({ file }) => !file.startsWith('run/problem/entries/'));
    const unused = entries.filter(
      ([code, { names = [], foreign = [] }]) =>
        names.length + foreign.length === 0 && !outside.some(({ text }) => text.includes(`'${code}'`)),
    );
    expect(unused.map(([code]) => code)).toEqual([]);
  });

  it('codes have one form, and the sentences of a problem can be joined', () => {
    for (const [code, { title, meaning, mend }] of entries) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(title, code).toMatch(/^[A-Z].*[^.]$/);
      expect(meaning, code).toMatch(/^[A-Z-].*\.$/s);
      expect(mend, code).toMatch(/[^.]$/);
    }
  });

  it('no advice says to repeat a run if there may be no run', () => {
    // What a probe, a copy or a dry run may meet. The limits and the deadline are those of a run.
    const { 'run-limit': _, 'run-deadline': __, ...source } = SOURCE;
    const met = Object.entries<Entry>({ ...source, ...STORAGE, ...MACHINE });
    expect(met.length).toBeGreaterThan(30);
    for (const [code] of met) {
      const { mend } = problemOf({ code, name: 'Error', message: 'x' });
      expect(mend, code).not.toMatch(/\bRUN\b|\bITEM\b|\bitem\b|sluice (?:retry|logs|items)/);
    }
    for (const [code, { mendWithoutRun }] of entries as [string, Entry][]) {
      if (mendWithoutRun === undefined) continue;
      expect(problemOf({ code, name: 'Error', message: 'x' }, { run: 'a' }).mend).not.toBe(mendWithoutRun);
      expect(met.map(([name]) => name)).toContain(code);
    }
  });

  it('docs/errors.md agrees with the catalogue; `npm run docs:errors` writes it', () => {
    expect(readFileSync(ERRORS_FILE, 'utf8')).toBe(errorsPage());
  });

  it('docs/errors.md has a section for each code', () => {
    const headings = [...errorsPage().matchAll(/^### (.+)$/gm)].map(([, code]) => code);
    expect(headings.toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
  });
});
