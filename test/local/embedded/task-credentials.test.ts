import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand, RunTaskCommand } from '@aws-sdk/client-ecs';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole } from '#test/helpers/iam.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let environment: Record<string, string>;
beforeAll(async () => {
  aws = await startTestAws();
  await new S3Client(aws.client).send(new CreateBucketCommand({ Bucket: 'mine' }));
  await createRole(aws.client, 'TheTaskRole', 'ecs-tasks.amazonaws.com', [
    { actions: ['s3:ListBucket'], resources: ['arn:aws:s3:::mine'] },
  ]);
  environment = await environmentOfTask();
});
afterAll(() => aws.stop());

/** Starts a task that tells what its environment is. */
async function environmentOfTask(): Promise<Record<string, string>> {
  const ecs = new ECSClient(aws.client);
  const said = Promise.withResolvers<Record<string, string>>();
  const server = createServer((request, response) => {
    response.end();
    text(request).then((body) => said.resolve(JSON.parse(body)), said.reject);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await ecs.send(new CreateClusterCommand({ clusterName: 'cluster' }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: 'tells',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      taskRoleArn: `arn:aws:iam::${aws.account}:role/TheTaskRole`,
      containerDefinitions: [
        {
          name: 'worker',
          image: 'node:24',
          command: [
            'node',
            '-e',
            `fetch('${url}', { method: 'POST', body: JSON.stringify(process.env) }).then(() => setTimeout(() => {}, 60_000))`,
          ],
        },
      ],
    }),
  );
  await ecs.send(new RunTaskCommand({ cluster: 'cluster', taskDefinition: 'tells', launchType: 'FARGATE' }));
  const environment = await said.promise;
  server.closeAllConnections();
  server.close();
  return environment;
}

it('a task gets a session of its own role, with the rights of the role', async () => {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = '', AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization = '' } =
    environment;
  const answer = await fetch(uri, { headers: { authorization } });
  const got = (await answer.json()) as Record<'AccessKeyId' | 'SecretAccessKey' | 'Token', string>;
  const credentials = {
    accessKeyId: got.AccessKeyId,
    secretAccessKey: got.SecretAccessKey,
    sessionToken: got.Token,
  };
  const s3 = new S3Client({ ...aws.client, credentials });
  expect(await s3.send(new ListObjectsV2Command({ Bucket: 'mine' }))).toMatchObject({ KeyCount: 0 });
  await expect(s3.send(new CreateBucketCommand({ Bucket: 'another' }))).rejects.toThrow(
    /assumed-role\/TheTaskRole\/[-\w]+ is not authorized to perform: s3:CreateBucket on resource: arn:aws:s3:::another /,
  );
});

it("a request without the task's token gets no credentials", async () => {
  const uri = environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
  for (const headers of [{}, { authorization: 'another' }]) {
    expect((await fetch(uri, { headers })).status).toBe(403);
  }
});

it('a task gets no key of the launcher and no variables of the person', () => {
  expect(
    Object.keys(environment)
      .filter((name) => !/^(AWS|ECS)_/.test(name))
      .sort(),
  ).toEqual(['HOME', 'PATH', 'TMPDIR']);
  expect(environment).not.toHaveProperty('AWS_ACCESS_KEY_ID');
  expect(JSON.stringify(environment)).not.toContain(aws.client.credentials.secretAccessKey);
});
