import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { LAMBDA_NAMES, lambdaEntries } from '#lib/functions/lambda-entries.ts';
import { synthesise } from './synthesise.ts';

/** A program of the deployment, and the role under which it runs. */
export interface Program {
  readonly name: string;
  readonly entry: string;
  readonly role: RegExp;
}

export const PROGRAMS: readonly Program[] = [
  ...LAMBDA_NAMES.map((name) => ({
    name,
    entry: lambdaEntries()[name],
    role: new RegExp(`^Functions${name.replaceAll('-', '')}Role`),
  })),
  {
    name: 'the worker',
    entry: fileURLToPath(new URL('../../worker/main.ts', import.meta.url)),
    role: /^WorkersTaskRole/,
  },
];

/** A program's own code, in one piece and without what it doesn't use. */
export function codeOf({ entry }: Program): string {
  const { outputFiles } = buildSync({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    write: false,
    outdir: 'out',
  });
  return outputFiles.map((file) => file.text).join('\n');
}

export interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** Everything that a setting may allow is allowed, so that all that the code can do is looked at. */
const policies = Object.values(
  synthesise({
    'alerts.email': 'on-call@example.org',
    'redshift.workgroup':
      'arn:aws:redshift-serverless:eu-central-1:111111111111:workgroup/5c8d2c4a-0d5e-4b8a-9f7e-1d2c3b4a5e6f',
    'redshift.copyRole': 'arn:aws:iam::111111111111:role/copy',
    'redshift.watch': true,
    'gate.functions': ['arn:aws:lambda:eu-central-1:111111111111:function:mine'],
    'sources.credentials': [
      { secret: 'vendor/*', hosts: ['api.example.org'] },
      { parameter: '/vendor/token', hosts: ['api.example.org'] },
    ],
  }).findResources('AWS::IAM::Policy'),
);

/** What the policies of a program's role allow. */
export function leaveOf({ role }: Program): Statement[] {
  return policies
    .filter(({ Properties }) => Properties.Roles.some(({ Ref }: { Ref: string }) => role.test(Ref)))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}
