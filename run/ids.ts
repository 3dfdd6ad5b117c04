import { createHash } from 'node:crypto';

/**
 * What an execution may be called to be a run's id: it becomes part of S3 keys, log fields and ECS tags.
 * Step Functions allows more in a name (up to 80 characters, nearly any of them).
 */
export const RUN_ID_PATTERN = /^[0-9A-Za-z_-]{1,80}$/;

/**
 * An item's id: 128 bits of SHA-256 over what makes the item itself, as hex.
 *
 * It is stable, so that a repeated Plan names the same records, and it spreads evenly over key prefixes.
 */
export function itemId(...identity: readonly string[]): string {
  return createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 32);
}
