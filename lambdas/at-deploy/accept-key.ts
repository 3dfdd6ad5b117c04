import * as z from 'zod';
import type { DeployRequest } from './answer-request.ts';

const propertiesSchema = z.object({
  /** The key for encryption from now on: the ARN of a KMS key, or `service`. */
  Key: z.string(),
  /** Keys that can still decrypt, by the setting `encryption.formerKeys`. */
  FormerKeys: z.array(z.string()).default([]),
});

/** The deploy would remove the access to a key with which objects and messages are still encrypted. */
class KeyLeftBehindError extends Error {
  override readonly name = 'KeyLeftBehindError';
}

/**
 * Permits a deploy to change `encryption.key` only if the earlier key can still be used to decrypt.
 *
 * The physical id is the last key that was accepted, not the properties before this request. When CloudFormation rolls
 * back a refused change, it asks for the change in the other direction, and that change must be accepted.
 *
 * @returns the key, as the next physical id.
 * @throws KeyLeftBehindError, which says what to set.
 */
export function acceptKey({ RequestType, PhysicalResourceId, ResourceProperties }: DeployRequest): string {
  const { Key, FormerKeys } = propertiesSchema.parse(ResourceProperties);
  const before = RequestType === 'Update' ? PhysicalResourceId : undefined;
  const stays = before === undefined || !before.startsWith('arn:') || before === Key || FormerKeys.includes(before);
  if (stays) return Key;
  throw new KeyLeftBehindError(
    `encryption.key changes from ${before} to ${Key}. Then nobody could read what the first key has encrypted: ` +
      'landed objects, records of runs, messages in the queue. ' +
      `Add it to the setting encryption.formerKeys, [${JSON.stringify(before)}], and deploy again`,
  );
}
