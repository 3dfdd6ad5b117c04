import type { Outcome } from '#run/end/manifest.ts';
import { CATALOGUE, isCode } from '#run/problem/catalogue.ts';
import type { Problem } from '#run/problem/problem.ts';

/** The exit codes of commands. 1 is a failed run, or a command that could not do its work. */
export const EXIT = {
  complete: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  late: 4,
  interrupted: 130,
} as const satisfies Record<Outcome | 'usage' | 'interrupted', number>;

/** The exit code of a command that ends with a problem. */
export function exitCodeOf({ code }: Pick<Problem, 'code'>): number {
  if (code === 'interrupted') return EXIT.interrupted;
  return isCode(code) && CATALOGUE[code].isUsage === true ? EXIT.usage : EXIT.failed;
}
