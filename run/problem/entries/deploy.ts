import type { Entry } from '../entry.ts';

/** Why a synth, a deploy or the local run ends. */
export const DEPLOY = {
  'bad-setting': {
    title: 'A setting is wrong',
    names: ['SettingsError'],
    meaning:
      'The name of a setting does not exist, a value is not valid, or a setting breaks a rule. The detail lists every problem.',
    mend: 'correct cdk.json or the -c options (docs/settings.md)',
    isUsage: true,
  },
  'no-subnets': {
    title: 'The VPC has no subnets that workers can use',
    names: ['NoSubnetsError'],
    meaning: 'The setting network.vpcId names a VPC without subnets of the kind that is needed.',
    mend: 'name another VPC, or remove network.vpcId',
    allowedBy: 'network.vpcId',
  },
  'native-files': {
    title: 'DuckDB for the workers cannot be installed',
    names: ['NativeInstallError', 'WrongPlatformError', 'WorkerCommandTooLongError'],
    meaning: 'The native part of DuckDB cannot be installed for the platform of the workers.',
    mend: 'check the connection to the package registry, or deploy without it',
    allowedBy: 'workers.parquet=false',
  },
  'ecs-role': {
    title: "ECS's service-linked role is missing",
    names: ['NoEcsRoleError', 'KeyLeftBehindError', 'AnswerNotTakenError'],
    meaning: 'The account does not have the role, and a policy forbids the deploy to create it.',
    mend: 'have an administrator run: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com',
  },
  'rolled-back': {
    title: 'The deploy was rolled back',
    meaning:
      'After the deploy, the smoke run did not end complete. Sluice has deployed the template of the last deploy that passed. This changes no landed objects and no records of runs.',
    mend: '"npx sluice report RUN" shows the outcome of the run; correct the commit and push again',
  },
  'not-rolled-back': {
    title: 'The deploy was not rolled back',
    meaning:
      'After the deploy, the smoke run did not end complete, and there is no earlier template, or CloudFormation could not deploy it. The detail says which.',
    mend: '"npx sluice report RUN" shows the outcome of the run; correct the commit and push again',
  },
  'no-delivery': {
    title: 'The stack was not deployed by a delivery',
    meaning: 'The stack has no bucket for the template of the last deploy that passed.',
    mend: 'deploy the stack by a delivery (docs/delivery.md), or use "npx sluice run" for a run without a rollback',
    isUsage: true,
  },
  'embedded-aws': {
    title: 'The embedded AWS does not run',
    names: ['EmbeddedAwsError'],
    meaning:
      'The emulator of the local run did not start, or ended unexpectedly. The detail contains the end of its log.',
    mend: 'read the log that the detail names; "npm start" again',
  },
  'local-step-failed': {
    title: 'A step of the local run failed',
    names: ['LocalRunError', 'CommandFailedError', 'NotCopiedError'],
    meaning: 'A command of the local run, such as the deploy, ended with an error. The detail contains its last lines.',
    mend: 'correct what the detail names; "npm start" again',
  },
} as const satisfies Record<string, Entry>;
