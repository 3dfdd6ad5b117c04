import { PermanentError } from '../contract/permanent-error.ts';

/** A compressed input unfolds into so much more than any real data does that it is taken for an attack. */
export class DecompressionBombError extends PermanentError {
  override readonly name = 'DecompressionBombError';
}
