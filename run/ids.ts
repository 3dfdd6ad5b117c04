import { createHash } from 'node:crypto';

/**
 * The names of executions that can be a run's id, which becomes part of S3 keys, log fields and ECS tags. Step
 * Functions allows more names (up to 80 characters, nearly any character).
 */
export const RUN_ID_PATTERN = /^[0-9A-Za-z_-]{1,80}$/;

/**
 * Computes an item's id: 128 bits of SHA-256 over the fields that identify the item, as hex.
 *
 * The id is stable, so a repeated Plan names the same records. Ids spread evenly over key prefixes.
 */
export function itemId(...identity: readonly string[]): string {
  return createHash('sha256').update(identity.join('\n')).digest('hex').slice(0, 32);
}
