import { PermanentError } from '../contract/permanent-error.ts';

/** The object is broken: a compressed stream that ends early, JSON that isn't, a quote that never closes. */
export class MalformedInputError extends PermanentError {
  override readonly name = 'MalformedInputError';
}
