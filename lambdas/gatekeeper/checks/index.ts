import type { SourceGuard } from '#net/guard/source-guard.ts';
import type { WaitFor } from '#run/input/wait-for.ts';
import type { Store } from '#run/store.ts';
import type { CallFunction, Check } from './check.ts';
import { lambdaCheck } from './lambda.ts';
import { ledgerCheck } from './ledger.ts';
import { objectsCheck } from './objects.ts';
import { queueCheck } from './queue.ts';

/** Returns the check for an entry of `waitFor`. */
export function checkFor(
  wait: WaitFor,
  clients: { readonly store: Store; readonly call: CallFunction; readonly guard: SourceGuard },
): Check {
  switch (wait.check) {
    case 'ledger':
      return ledgerCheck;
    case 'queue':
      return queueCheck;
    case 'objects':
      return objectsCheck(clients.store, wait.prefix, wait.count);
    case 'http':
      // Importing http.ts loads undici, which no other check needs.
      return async (look) => (await import('./http.ts')).httpCheck(wait.url, clients.guard)(look);
    case 'lambda':
      return lambdaCheck(clients.call, wait.function);
  }
}
