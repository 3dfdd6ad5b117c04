import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';

const CONNECTION = 'arn:aws:codeconnections:eu-central-1:111111111111:connection/01234567-89ab-cdef-0123-456789abcdef';
const CODECOMMIT = { source: 'codecommit', repository: 'sluice' };

function problemsOf(delivery: object, more: object = {}): readonly string[] {
  try {
    readSettings({ sluice: { ...more, delivery } });
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('the settings of a delivery', () => {
  it('the default delivery has one stage with the name production', () => {
    const { delivery } = readSettings({ sluice: { delivery: CODECOMMIT } });
    expect(delivery?.stages).toEqual([{ name: 'production', approval: false, settings: {} }]);
    expect(readSettings({}).delivery).toBeUndefined();
  });

  it.each([
    ['no source', { repository: 'sluice' }, 'delivery.source: takes one of connection, codecommit, github-actions'],
    [
      'a connection without its ARN',
      { source: 'connection', repository: 'acme/sluice' },
      'takes the ARN of a connection',
    ],
    ['an ARN without a connection', { ...CODECOMMIT, connectionArn: CONNECTION }, 'which uses no connection'],
    ['a path in CodeCommit', { source: 'codecommit', repository: 'acme/sluice' }, 'has no slash in its name'],
    ['a repository without its owner', { source: 'github-actions', repository: 'sluice' }, 'which needs owner/name'],
    ['an empty list of stages', { ...CODECOMMIT, stages: [] }, 'takes one to ten stages'],
    [
      'two stages of one name',
      { ...CODECOMMIT, stages: [{ name: 'a', settings: { stackName: 'A' } }, { name: 'A' }] },
      'a occurs twice',
    ],
    [
      'two stages of one stack',
      { ...CODECOMMIT, stages: [{ name: 'a' }, { name: 'b' }] },
      'deploy the same stack (Sluice in',
    ],
    [
      'a stage in another account, and a pipeline without an account',
      { ...CODECOMMIT, stages: [{ name: 'a', account: '222222222222' }] },
      'set delivery.account and delivery.region',
    ],
    [
      'a VPC that nobody can look up',
      { ...CODECOMMIT, stages: [{ name: 'a', settings: { network: { vpcId: 'vpc-0123456789abcdef0' } } }] },
      'use an existing VPC, which synth looks up',
    ],
    ['the name of the app', { ...CODECOMMIT, stackName: 'Sluice' }, 'Sluice is the stack of the app'],
    [
      'an invalid input of the smoke run',
      { ...CODECOMMIT, smoke: { sources: [{ url: 'ftp://example.org/a' }] } },
      'delivery.smoke.sources[0].url: takes an http or https URL',
    ],
  ])('the settings of a delivery refuse %s', (_, delivery, message) => {
    const problems = problemsOf(delivery);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(problems[0]?.startsWith('delivery.')).toBe(true);
  });

  it('the settings of a delivery refuse a VPC outside of the stages, because a build can not look it up', () => {
    const place = { account: '111111111111', region: 'eu-central-1' };
    const network = { vpcId: 'vpc-0123456789abcdef0' };
    expect(problemsOf({ ...CODECOMMIT, ...place }, { network })).toEqual([
      expect.stringContaining('move network.vpcId to the settings of each stage that uses the VPC'),
    ]);
    const stages = [{ name: 'production', settings: { network } }];
    expect(problemsOf({ ...CODECOMMIT, ...place, stages })).toEqual([]);
  });

  it('the settings of a delivery accept two stages with the same stack name if their accounts differ', () => {
    const place = { account: '111111111111', region: 'eu-central-1' };
    const stages = [{ name: 'staging' }, { name: 'production', account: '222222222222' }];
    expect(problemsOf({ ...CODECOMMIT, ...place, stages })).toEqual([]);
  });

  it('the settings of a delivery report what is wrong with each stage, with its place, and nothing twice', () => {
    const problems = problemsOf(
      {
        ...CODECOMMIT,
        stages: [
          { name: 'staging', settings: { stackName: 'Staging', gate: { attempts: 0 }, colour: 'red' } },
          { name: 'production', settings: { workers: { heartbeatSeconds: 100 }, delivery: {} } },
        ],
      },
      { bucket: { oldVersionDays: 0 } },
    );
    expect(problems).toEqual([
      expect.stringContaining('bucket.oldVersionDays: takes a whole number from 1 to 3650, got 0'),
      expect.stringContaining('delivery.stages[0].settings.gate.attempts: takes a whole number from 1 to 8000, got 0'),
      expect.stringContaining('delivery.stages[0].settings.colour: there is no such setting'),
      'delivery.stages[1].settings.delivery: the settings of a stage must not contain delivery',
    ]);
  });
});
