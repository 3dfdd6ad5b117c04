import { describe, expect, it } from 'vitest';
import { acceptKey } from '#lambdas/at-deploy/accept-key.ts';
import type { DeployRequest } from '#lambdas/at-deploy/answer-request.ts';

const A = 'arn:aws:kms:eu-central-1:111111111111:key/aaaaaaaa-1111-2222-3333-444444444444';
const B = 'arn:aws:kms:eu-central-1:111111111111:key/bbbbbbbb-1111-2222-3333-444444444444';

/** A request after an answer that named the key `accepted`. */
function change(accepted: string | undefined, Key: string, FormerKeys?: string[]): DeployRequest {
  return {
    RequestType: accepted === undefined ? 'Create' : 'Update',
    ResponseURL: 'https://example.org/',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Key',
    ResourceType: 'Custom::EncryptionKey',
    PhysicalResourceId: accepted,
    ResourceProperties: { Key, ...(FormerKeys && { FormerKeys }) },
  };
}

describe('a change of encryption.key', () => {
  it.each([
    ['of a first deploy', undefined, A, []],
    ["from the services' own keys", 'service', A, []],
    ['to the same key', A, A, []],
    ['to another key, with the key before it as a former one', A, B, [A]],
    ["to the services' own keys, with the key before it as a former one", A, 'service', [B, A]],
    ['of a stack whose former keys are none', 'service', 'service', undefined],
  ])('a change of encryption.key is accepted: %s', (_, before, key, former) => {
    expect(acceptKey(change(before, key, former))).toBe(key);
  });

  it.each([
    [B, []],
    [B, [B]],
    ['service', []],
  ])(
    'a change of encryption.key to %s is refused if the earlier key would be lost, with what to set',
    (key, former) => {
      expect(() => acceptKey(change(A, key, former))).toThrow(
        `Add it to the setting encryption.formerKeys, ["${A}"], and deploy again`,
      );
    },
  );

  it('a refused change of encryption.key can be rolled back', () => {
    expect(() => acceptKey(change(A, B))).toThrow();
    // CloudFormation names what the last accepted request answered.
    expect(acceptKey(change(A, A))).toBe(A);
  });
});
