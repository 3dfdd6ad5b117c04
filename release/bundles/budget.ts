import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import type { BundleBytes } from './bundle-bytes.ts';

const FILE = fileURLToPath(new URL('budget.json', import.meta.url));

/** A bundle may grow by this share before a person has to check it: ordinary changes of our own code stay below it. */
const TOLERANCE = 0.02;
/** The code of a package that is hardly used. */
const NEW_PACKAGE_BYTES = 2_000;

const budgetSchema = z.record(
  z.string(),
  z.strictObject({
    atStart: z.int().nonnegative(),
    later: z.int().nonnegative(),
    packages: z.record(z.string(), z.int().positive()),
  }),
);

/** The limit for each bundle: its size when a person last checked it and ran `npm run bundles -- --update`. */
export type Budget = Readonly<Record<string, BundleBytes>>;

export const readBudget = (): Budget => budgetSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')));

export function writeBudget(bytes: Budget): void {
  writeFileSync(FILE, `${JSON.stringify(bytes, null, 2)}\n`);
}

/** Returns a sentence for each bundle that exceeds its budget, with what has grown. */
export function beyondBudget(budget: Budget, now: Budget): string[] {
  return Object.entries(now).flatMap(([name, bundle]) => {
    const allowed = budget[name];
    if (allowed === undefined) return [`The bundle ${name} has no budget yet.`];
    return [
      ...tooLarge(`The bundle ${name}`, allowed, bundle),
      ...Object.entries(bundle.packages)
        .filter(([other, bytes]) => allowed.packages[other] === undefined && bytes >= NEW_PACKAGE_BYTES)
        .map(
          ([other, bytes]) =>
            `The bundle ${name} now contains ${text(bytes)} of ${other}, which it did not contain before.`,
        ),
    ];
  });
}

function tooLarge(who: string, allowed: BundleBytes, { atStart, later, packages }: BundleBytes): string[] {
  const grown = (before: number, after: number) => after > before * (1 + TOLERANCE);
  const [before, after] = [allowed.atStart + allowed.later, atStart + later];
  const why = Object.entries(packages)
    .map(([name, bytes]) => [name, bytes - (allowed.packages[name] ?? 0)] as const)
    .filter(([, more]) => more > 0)
    .sort(([, one], [, other]) => other - one)
    .slice(0, 3)
    .map(([name, more]) => `${name} by ${text(more)}`);
  const grew = why.length === 0 ? '' : ` Most of it: ${why.join(', ')}.`;
  if (grown(allowed.atStart, atStart)) {
    return [`${who} reads ${text(atStart)} at a cold start, and its budget is ${text(allowed.atStart)}.${grew}`];
  }
  return grown(before, after) ? [`${who} has ${text(after)}, and its budget is ${text(before)}.${grew}`] : [];
}

const text = (bytes: number): string => `${bytes.toLocaleString('en')} bytes`;
