import { SourceRefusedError } from '../errors.ts';

/**
 * Servers and firewalls that accept no Range answer with these statuses; only a plain GET shows what they say about the
 * file itself.
 */
const REFUSES_RANGE = new Set([400, 403, 405, 501]);

export function refusesRange(error: unknown): error is SourceRefusedError {
  return error instanceof SourceRefusedError && REFUSES_RANGE.has(error.status);
}
