import { describe, expect, it } from 'vitest';
import { runKeys } from '#run/keys.ts';
import { codeOf, leaveOf, PROGRAMS, type Program } from '../programs.ts';

/** What the functions of `run/store.ts` and `run/ledger/ledger.ts` that take a key of a run do with it. */
const OPERATIONS: Readonly<Record<string, 's3:GetObject' | 's3:PutObject' | 's3:DeleteObject'>> = {
  readJson: 's3:GetObject',
  readTagged: 's3:GetObject',
  writeJson: 's3:PutObject',
  writeOnce: 's3:PutObject',
  writeLines: 's3:PutObject',
  claim: 's3:PutObject',
  tellOnce: 's3:PutObject',
  remove: 's3:DeleteObject',
};

/** A key of each family, as a run has it. */
const SAMPLES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(runKeys('r')).map(([family, key]) => [
    family,
    typeof key === 'string' ? key : (key as (...names: unknown[]) => string)('failures', 'item', 0, 1),
  ]),
);

/** What a program's code does with keys of runs, where it names the family: `s3:PutObject runs/r/closed.json`. */
function usesIn(code: string): string[] {
  const family = String.raw`(?:runKeys\d*\([^()]*\)|keys\d*)\.(?<family>\w+)`;
  const calls = code.matchAll(new RegExp(String.raw`\b(?<call>\w+?)\d*\(\s*[\w.]+,\s*${family}`, 'g'));
  const puts = code.matchAll(new RegExp(String.raw`new PutObjectCommand\d*\(\{[^}]*?Key: ${family}`, 'g'));
  const found = [
    ...[...calls].map(({ groups }) => [OPERATIONS[groups?.call ?? ''], groups?.family]),
    ...[...puts].map(({ groups }) => ['s3:PutObject', groups?.family]),
  ];
  return [
    ...new Set(
      found.flatMap(([action, name = '']) =>
        action !== undefined && name in SAMPLES ? [`${action} ${SAMPLES[name]}`] : [],
      ),
    ),
  ].sort();
}

/** What a role may do with objects of the bucket, as patterns of `action key`. */
function patternsOf(program: Program): RegExp[] {
  return leaveOf(program).flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) =>
      [Resource].flat().flatMap((resource) => {
        const key = /"Arn"\]\},"\/(.+?)"/.exec(JSON.stringify(resource))?.[1];
        if (key === undefined) return [];
        const pattern = key.split('*').map((part) => part.replace(/[.]/g, '\\.'));
        return [new RegExp(`^${action} ${pattern.join('.*')}$`)];
      }),
    ),
  );
}

/** AtDeploy touches no object, and WatchQueues no object of a run. */
const PROGRAMS_WITH_OBJECTS = PROGRAMS.filter(({ name }) => !['at-deploy', 'watch-queues'].includes(name));

describe.each(PROGRAMS_WITH_OBJECTS)('$name', (program) => {
  const uses = usesIn(codeOf(program));
  const patterns = patternsOf(program);

  it('each function may use every object of a run that its code names', () => {
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((use) => !patterns.some((pattern) => pattern.test(use)))).toEqual([]);
  });

  it('each function may write and delete no object of a run by name that its code does not', () => {
    const narrow = patterns.filter((pattern) => /^\^s3:(Put|Delete)Object runs\/\.\*\/./.test(pattern.source));
    expect(narrow.filter((pattern) => !uses.some((use) => pattern.test(use)))).toEqual([]);
  });
});

it('the check finds the calls of the program, so it can fail', () => {
  const named = (name: string) => usesIn(codeOf(PROGRAMS.find((one) => one.name === name) as Program));
  expect(named('reopen-run')).toEqual(
    expect.arrayContaining([
      's3:DeleteObject runs/r/closed.json',
      's3:DeleteObject runs/r/manifest.json',
      's3:GetObject runs/r/run.json',
      's3:PutObject runs/r/manifests/failures.json',
      's3:PutObject runs/r/redrives/failures.json',
    ]),
  );
  expect(named('reconcile')).toContain('s3:PutObject runs/r/failures/item.json');
});
