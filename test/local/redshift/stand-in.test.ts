// @module-tag heavy

import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  ListStatementsCommand,
  paginateGetStatementResult,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { startTestWarehouse, type TestWarehouse } from '#test/helpers/redshift.ts';

let warehouse: TestWarehouse;
beforeAll(async () => {
  warehouse = await startTestWarehouse();
});
afterAll(() => warehouse.stop());

const TARGET = { WorkgroupName: WORKGROUP_ARN, Database: 'dev' };

async function end(id: string | undefined, client = warehouse.client) {
  return client.send(new DescribeStatementCommand({ Id: id, WaitTimeSeconds: 30 }));
}

async function batch(sqls: string[], parameters: Record<string, string> = {}, client = warehouse.client) {
  const { Id } = await client.send(
    new BatchExecuteStatementCommand({
      ...TARGET,
      Sqls: sqls,
      Parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
    }),
  );
  return end(Id, client);
}

it('the stand-in runs a batch as one transaction, with named parameters, and answers its results in pages', async () => {
  expect(await batch(['CREATE TABLE numbers (n int, word text)'])).toMatchObject({ Status: 'FINISHED' });
  const said = await batch(
    [
      "INSERT INTO numbers SELECT n, ':word' || CAST(:word AS text) FROM generate_series(1, 250) n",
      'SELECT n, word, NULL AS nothing FROM numbers ORDER BY n',
    ],
    { word: "it's; DROP TABLE numbers" },
  );
  expect(said).toMatchObject({ Status: 'FINISHED', SubStatements: [{ HasResultSet: false }, { ResultRows: 250 }] });
  const id = said.SubStatements?.[1]?.Id;
  const pages = await Array.fromAsync(paginateGetStatementResult({ client: warehouse.client }, { Id: id }));
  expect(pages.map(({ Records }) => Records?.length)).toEqual([100, 100, 50]);
  expect(pages[0]?.Records?.[0]).toEqual([
    { longValue: 1 },
    { stringValue: ":wordit's; DROP TABLE numbers" },
    { isNull: true },
  ]);
  expect(await batch(['INSERT INTO numbers VALUES (1000)', 'SELECT 1/0'])).toMatchObject({
    Status: 'FAILED',
    Error: 'Query #2 failed with ERROR: Divide by zero',
  });
  const { Id } = await warehouse.client.send(
    new ExecuteStatementCommand({ ...TARGET, Sql: 'SELECT * FROM numbers WHERE n = 1000' }),
  );
  expect(await end(Id)).toMatchObject({ Status: 'FINISHED', ResultRows: 0 });
});

it('the stand-in answers a client token with the statement that it submitted, and cancels one that waits', async () => {
  const submit = () =>
    warehouse.client.send(new BatchExecuteStatementCommand({ ...TARGET, Sqls: ['SELECT 41'], ClientToken: 'once' }));
  expect((await submit()).Id).toBe((await submit()).Id);
  const hold = warehouse.redshift.statements.hold(/42/);
  const { Id } = await warehouse.client.send(
    new BatchExecuteStatementCommand({ ...TARGET, Sqls: ['CREATE TABLE gone (n int)', 'SELECT 42'] }),
  );
  await hold.reached;
  expect(await warehouse.client.send(new CancelStatementCommand({ Id }))).toMatchObject({ Status: true });
  expect(await end(Id)).toMatchObject({ Status: 'ABORTED' });
  expect(await batch(['SELECT * FROM gone'])).toMatchObject({ Status: 'FAILED' });
  await expect(warehouse.client.send(new CancelStatementCommand({ Id }))).rejects.toThrow(/already in ABORTED/);
  const { Statements } = await warehouse.client.send(new ListStatementsCommand({}));
  expect(Statements?.find((one) => one.Id === Id)).toMatchObject({ Status: 'ABORTED' });
});

it('the stand-in copies exactly the files of a manifest, and keeps no row of a copy that fails', async () => {
  const { store, copyRole } = warehouse;
  const put = (key: string, body: string) =>
    store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: body }));
  await put('a b/1.csv', 'n,word\n1,"one, two"\n2,\n');
  await put('2.csv', 'n,word\n3,three\nfour,4\n');
  const url = (key: string) => `s3://${store.bucket}/${key}`;
  const manifest = (keys: string[]) =>
    JSON.stringify({ entries: keys.map((key) => ({ url: url(key), mandatory: true })) });
  await put('good.manifest', manifest(['a b/1.csv']));
  await put('bad.manifest', manifest(['a b/1.csv', '2.csv']));
  const copy = (name: string, role = copyRole) =>
    `COPY copied FROM '${url(name)}' IAM_ROLE '${role}' MANIFEST FORMAT AS CSV IGNOREHEADER 1`;
  expect(await batch(['CREATE TABLE copied (n int, word varchar(20))'])).toMatchObject({ Status: 'FINISHED' });
  const failed = await batch(['DELETE FROM copied', copy('bad.manifest')]);
  expect(failed).toMatchObject({ Status: 'FAILED', SubStatements: [{}, { Status: 'FAILED' }] });
  expect(failed.Error).toMatch(/Load into table 'copied' failed/);
  const queryId = failed.SubStatements?.[1]?.RedshiftQueryId;
  expect(
    await warehouse.redshift.database.rows('SELECT * FROM sys_load_error_detail WHERE query_id = $1', [queryId]),
  ).toMatchObject([
    { line_number: 3, column_name: expect.stringMatching(/^n\s/), file_name: expect.stringMatching(/2.csv/) },
  ]);
  expect(await warehouse.redshift.database.rows('SELECT * FROM copied')).toEqual([]);
  expect(await batch([copy('good.manifest'), 'SELECT pg_last_copy_count()'])).toMatchObject({ Status: 'FINISHED' });
  expect(await warehouse.redshift.database.rows('SELECT * FROM copied ORDER BY n')).toEqual([
    { n: 1, word: 'one, two' },
    { n: 2, word: null },
  ]);
  expect((await batch([copy('good.manifest', `${copyRole}x`)])).Error).toMatch(/not authorized to assume IAM Role/);
  expect((await batch([copy('none.manifest')])).Error).toMatch(/NoSuchKey/);
});

it('the stand-in checks permissions: for the statement, for the credentials of the user, and for statements of others', async () => {
  const iam = new IAMClient(warehouse.aws.client);
  const as = async (name: string, actions: object[]) => {
    const { Role } = await iam.send(
      new CreateRoleCommand({
        RoleName: name,
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
        }),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: name,
        PolicyName: 'some',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: actions }),
      }),
    );
    const { Credentials } = await new STSClient(warehouse.aws.client).send(
      new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'me' }),
    );
    return new RedshiftDataClient({
      ...warehouse.aws.client,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    });
  };
  const execute = { Effect: 'Allow', Action: 'redshift-data:BatchExecuteStatement', Resource: WORKGROUP_ARN };
  const credentials = { Effect: 'Allow', Action: 'redshift-serverless:GetCredentials', Resource: WORKGROUP_ARN };
  const own = {
    Effect: 'Allow',
    Action: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
    Resource: '*',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    Condition: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
  };
  const nobody = await as('nobody', [credentials, own]);
  await expect(batch(['SELECT 1'], {}, nobody)).rejects.toThrow(/redshift-data:BatchExecuteStatement on resource/);
  const keyless = await as('keyless', [execute, own]);
  await expect(batch(['SELECT 1'], {}, keyless)).rejects.toThrow(/redshift-serverless:GetCredentials on resource/);
  const loader = await as('loader', [execute, credentials, own]);
  const mine = await batch(['SELECT current_user'], {}, loader);
  expect(mine).toMatchObject({ Status: 'FINISHED' });
  const [page] = await Array.fromAsync(
    paginateGetStatementResult({ client: loader }, { Id: mine.SubStatements?.[0]?.Id }),
  );
  expect(page?.Records).toEqual([[{ stringValue: 'IAMR:loader' }]]);
  expect((await batch(['SELECT * FROM numbers'], {}, loader)).Error).toMatch(/permission denied for table numbers/);
  const other = await as('other', [execute, credentials, own]);
  await expect(end(mine.Id, other)).rejects.toThrow(/not authorized to perform: redshift-data:DescribeStatement/);
});
