import { fileURLToPath } from 'node:url';
import { ownModule } from '../bundling/esm-bundle.ts';

/** The functions, by the names of their folders in `lambdas/`. */
export const LAMBDA_NAMES = [
  'plan',
  'start-workers',
  'open',
  'slice',
  'close',
  'abandon',
  'reconcile',
  'gatekeeper',
  'close-run',
  'load',
  'list-items',
  'done',
  'broken',
  'sweep',
  'reopen-run',
  'watch',
  'watch-queues',
  'at-deploy',
] as const;
export type LambdaName = (typeof LAMBDA_NAMES)[number];

/** The entry file of each function, which exports `handler`. */
export function lambdaEntries(): Record<LambdaName, string> {
  return Object.fromEntries(
    LAMBDA_NAMES.map((name) => [
      name,
      fileURLToPath(new URL(ownModule(`../../lambdas/${name}/handler`), import.meta.url)),
    ]),
  ) as Record<LambdaName, string>;
}
