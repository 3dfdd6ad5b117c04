import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { expect, it } from 'vitest';
import { findWarehouse } from '#cli/deployment/deployment.ts';
import { newRunId } from '#cli/deployment/run-id.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const aws = useEmbeddedAws();

it('the error says that the stack does not exist when its warehouse is requested', async () => {
  await expect(findWarehouse(new CloudFormationClient(aws.client()), 'Nope')).rejects.toMatchObject({
    name: 'NoDeploymentError',
    message: 'there is no stack "Nope" in us-east-1',
  });
});

it('two runs that start in the same second get different ids, sorted by time', () => {
  const at = (seconds: number) => newRunId('sample', new Date(Date.UTC(2026, 10, 27, 11, 0, seconds)));
  const ids = Array.from({ length: 20 }, () => at(1));
  expect(new Set(ids).size).toBeGreaterThan(15);
  for (const id of ids) {
    expect(id).toMatch(/^sample-20261127-110001-[0-9a-f]{4}$/);
    expect(id < at(2)).toBe(true);
  }
});
