import { checkOptions } from './check-options.ts';
import { type Context, contextOf } from './context.ts';
import { InvalidDestinationError } from './errors.ts';
import type { Destination, TransferOptions } from './options.ts';
import type { Source } from './source/session.ts';
import { type TransferState, transferStateSchema } from './state.ts';

/** A ranged transfer as a process works on it: the JSON state, and what is never kept. */
export interface TransferJob {
  readonly state: TransferState;
  readonly source: Source;
  readonly destination: Destination;
  readonly options?: TransferOptions;
}

/** @throws InvalidOptionsError; InvalidDestinationError where the state is of another object; zod's error where it is no state. */
export function contextOfJob({ state, source, destination, options = {} }: TransferJob): Context {
  checkOptions(source, destination, options, { begins: false });
  transferStateSchema.parse(state);
  if (state.bucket !== destination.bucket || state.key !== destination.key) {
    throw new InvalidDestinationError(
      `the state is of s3://${state.bucket}/${state.key}, the destination is s3://${destination.bucket}/${destination.key}`,
    );
  }
  return contextOf(source, destination, options);
}
