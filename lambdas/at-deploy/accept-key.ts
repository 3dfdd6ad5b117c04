import * as z from 'zod';
import type { DeployRequest } from './answer-request.ts';

const propertiesSchema = z.object({
  /** What encrypts from now on: the ARN of a KMS key, or `service`. */
  Key: z.string(),
  /** Keys that stay readable, by the setting `encryption.formerKeys`. */
  FormerKeys: z.array(z.string()).default([]),
});

/** The deploy would take away the access to a key that objects and messages are still encrypted with. */
class KeyLeftBehindError extends Error {
  override readonly name = 'KeyLeftBehindError';
}

/**
 * Lets a deploy change `encryption.key` only where the key before it stays readable.
 *
 * The physical id is the last key that was accepted, not the properties before this request: when CloudFormation rolls a
 * refused change back, it asks for the change in the other direction, which must pass.
 *
 * @returns the key, as the next physical id.
 * @throws KeyLeftBehindError with what to set.
 */
export function acceptKey({ RequestType, PhysicalResourceId, ResourceProperties }: DeployRequest): string {
  const { Key, FormerKeys } = propertiesSchema.parse(ResourceProperties);
  const before = RequestType === 'Update' ? PhysicalResourceId : undefined;
  const stays = before === undefined || !before.startsWith('arn:') || before === Key || FormerKeys.includes(before);
  if (stays) return Key;
  throw new KeyLeftBehindError(
    `encryption.key changes from ${before} to ${Key}, and nothing encrypted with the first could be read any more: ` +
      'neither objects that have landed, nor records of runs, nor messages in the queue. ' +
      `Add it to the setting encryption.formerKeys, [${JSON.stringify(before)}], and deploy again`,
  );
}
