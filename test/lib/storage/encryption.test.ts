import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

const KEY = 'arn:aws:kms:eu-central-1:111111111111:key/0f0f0f0f-1111-2222-3333-444444444444';

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** The key that each bucket, queue and log group of a stack is encrypted with. */
function keysOf(template: Template): unknown[] {
  const of = (type: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties);
  return [
    ...of('AWS::S3::Bucket').map(
      ({ BucketEncryption }) =>
        BucketEncryption.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault.KMSMasterKeyID,
    ),
    ...of('AWS::SQS::Queue').map(({ KmsMasterKeyId }) => KmsMasterKeyId),
    ...of('AWS::Logs::LogGroup').map(({ KmsKeyId }) => KmsKeyId),
  ];
}

/** What each role may do with the key, by the service through which it does. */
function leaveOf(template: Template, role: RegExp): string[] {
  return Object.values(template.findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => role.test(Ref)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[])
    .filter(({ Action }) => [Action].flat().some((action) => action.startsWith('kms:')))
    .flatMap((statement) => {
      expect(statement.Resource).toBe(KEY);
      const service = /"(s3|sqs)\./.exec(JSON.stringify(statement.Condition))?.[1];
      return [statement.Action].flat().map((action) => `${service} ${action.slice(4)}`);
    })
    .sort();
}

describe('encryption', () => {
  it("data is encrypted with the services' own keys unless a setting differs", () => {
    expect(new Set(keysOf(synthesise()))).toEqual(new Set([undefined]));
  });

  it('a key of the user encrypts the bucket, every queue and every log group', () => {
    const keys = keysOf(synthesise({ 'encryption.key': KEY, 'network.flowLogs': true }));
    expect(keys.length).toBeGreaterThan(15);
    expect(new Set(keys)).toEqual(new Set([KEY]));
  });

  it('each role may use the key as it uses the data, and only through the service', () => {
    const template = synthesise({ 'encryption.key': KEY, schedules: [{ name: 'n', expression: 'rate(1 day)' }] });
    const leave = (role: RegExp) => leaveOf(template, role);
    expect(leave(/^Functionsstartworkers/)).toEqual(['s3 Decrypt']);
    expect(leave(/^Functionsopen/)).toEqual(['s3 Decrypt', 's3 GenerateDataKey', 'sqs Decrypt', 'sqs GenerateDataKey']);
    expect(leave(/^WorkersTaskRole/)).toEqual([
      's3 Decrypt',
      's3 GenerateDataKey',
      'sqs Decrypt',
      'sqs GenerateDataKey',
    ]);
    expect(leave(/^RunStateMachineRole/)).toEqual(['s3 Decrypt']);
    expect(leave(/^SchedulesRole/)).toEqual(['sqs Decrypt', 'sqs GenerateDataKey']);
  });

  it('each role may read what was encrypted with former keys, and write nothing with them', () => {
    const template = synthesise({
      'encryption.formerKeys': [KEY],
      schedules: [{ name: 'n', expression: 'rate(1 day)' }],
    });
    const leave = (role: RegExp) => leaveOf(template, role);
    expect(leave(/^Functionsstartworkers/)).toEqual(['s3 Decrypt']);
    expect(leave(/^Functionsopen/)).toEqual(['s3 Decrypt', 'sqs Decrypt']);
    expect(leave(/^WorkersTaskRole/)).toEqual(['s3 Decrypt', 'sqs Decrypt']);
    expect(leave(/^RunStateMachineRole/)).toEqual(['s3 Decrypt']);
  });

  it('AtDeploy checks whether the key may change before the bucket or a queue changes', () => {
    const template = synthesise({ 'encryption.key': KEY, 'encryption.formerKeys': [KEY.replace('0f0f', '1f1f')] });
    const [[id, step] = []] = Object.entries(template.findResources('Custom::EncryptionKey'));
    expect(step?.Properties).toMatchObject({
      Key: KEY,
      FormerKeys: [KEY.replace('0f0f', '1f1f')],
      ServiceTimeout: '300',
    });
    const kept = ['AWS::S3::Bucket', 'AWS::SQS::Queue'].flatMap((type) => Object.entries(template.findResources(type)));
    for (const [name, { DependsOn }] of kept.filter(([one]) => !one.startsWith('Undelivered'))) {
      expect(DependsOn, name).toContain(id);
    }
    // Without a key of KMS, the name of the services' own keys says so.
    synthesise().hasResourceProperties('Custom::EncryptionKey', { Key: 'service', FormerKeys: [] });
  });

  it('a new key is rotated, outlives the stack, and admits logs, undelivered events and alarms', () => {
    const template = synthesise({ 'encryption.key': 'own' });
    template.hasResource('AWS::KMS::Key', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        EnableKeyRotation: true,
        KeyPolicy: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Principal: {
                Service: Match.objectLike({
                  'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
                }),
              },
              Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': Match.anyValue() } },
            }),
            Match.objectLike({
              Principal: { Service: ['cloudwatch.amazonaws.com', 'events.amazonaws.com'] },
              Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
            }),
          ]),
        },
      },
    });
    const [id] = Object.keys(template.findResources('AWS::KMS::Key'));
    expect(new Set(keysOf(template).map((key) => JSON.stringify(key)))).toEqual(
      new Set([JSON.stringify({ 'Fn::GetAtt': [id, 'Arn'] })]),
    );
  });
});
