import { SourceRefusedError } from '../errors.ts';

/** Servers and firewalls that take no Range say so by these; what they say of the file itself a plain GET tells. */
const REFUSES_RANGE = new Set([400, 403, 405, 501]);

export function refusesRange(error: unknown): error is SourceRefusedError {
  return error instanceof SourceRefusedError && REFUSES_RANGE.has(error.status);
}
