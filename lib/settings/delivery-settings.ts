import { z } from 'zod';
import { executionInput } from './execution-input.ts';

const ACCOUNT = z.string().regex(/^\d{12}$/, 'takes the twelve digits of an AWS account');
const REGION = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'takes a region, such as eu-central-1');

/**
 * A small file that never changes: a version of an npm package is published only once. Its SHA-256 is that of the same
 * file in the package, so a run that ends complete has landed exactly these bytes.
 */
const SMOKE = {
  sources: [
    {
      url: 'https://cdn.jsdelivr.net/npm/vega-datasets@3.2.1/data/airports.csv',
      key: 'smoke/airports.csv',
      ifExists: 'overwrite',
      expect: { sha256: '903c7169e6d558eefb95295fe2947ec8503135fbb855ea5c737cf4a90ea603ad' },
    },
  ],
  process: 'profile',
};

/** The stages to which the app is deployed, one after the other. */
const stage = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z][0-9A-Za-z-]{0,14}$/, 'takes a letter, then at most 14 letters, digits and dashes')
    .describe('Name of the stage, such as `staging`.'),
  account: ACCOUNT.optional().describe('AWS account of the stage. Without it, the account of the delivery.'),
  region: REGION.optional().describe('Region of the stage. Without it, the region of the delivery.'),
  approval: z
    .boolean()
    .default(false)
    .describe(
      'A person has to approve the deploy to this stage. With `github-actions`, an environment of GitHub does this.',
    ),
  settings: z
    .record(z.string(), z.json())
    .default({})
    .describe(
      'Settings of this stage, as `sluice` has them: `{ "workers": { "max": 2 } }`. They override the settings of `cdk.json`, each by its name.',
    ),
});

/** How the app is deployed at each push. */
export const deliverySettings = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][0-9A-Za-z-]{0,24}$/, 'takes a letter, then at most 24 letters, digits and dashes')
    .default('SluiceDelivery')
    .describe('Name of the stack that holds the pipeline.'),
  source: z
    .enum(['connection', 'codecommit', 'github-actions'])
    .describe(
      'Where the code comes from: `connection` for GitHub, GitLab and Bitbucket by CodeConnections; `codecommit`; or `github-actions` for roles that a workflow of GitHub may assume, without a pipeline.',
    ),
  repository: z
    .string()
    .regex(/^[\w.-]+(\/[\w.-]+)*$/, 'takes owner/name, or the name of a CodeCommit repository')
    .describe('The repository: `owner/name`, or the name of a repository of CodeCommit.'),
  branch: z.string().min(1).max(255).default('main').describe('The branch whose pushes are deployed.'),
  connectionArn: z
    .string()
    .regex(
      /^arn:[\w-]+:(codeconnections|codestar-connections):[\w-]+:\d{12}:connection\/[0-9a-f-]{36}$/,
      'takes the ARN of a connection of CodeConnections',
    )
    .optional()
    .describe('The connection to the host of the repository, for the source `connection`.'),
  account: ACCOUNT.optional().describe(
    'AWS account of the delivery itself. It is needed if a stage has another account or region.',
  ),
  region: REGION.optional().describe(
    'Region of the delivery itself. It is needed if a stage has another account or region.',
  ),
  test: z
    .string()
    .default('npm test')
    .describe('The command that tests the code before the synth. An empty text skips the tests.'),
  stages: z
    .array(stage)
    .refine((stages) => stages.length > 0 && stages.length <= 10, 'takes one to ten stages')
    .default([stage.parse({ name: 'production' })])
    .describe('The stages to which the app is deployed, one after the other.'),
  smoke: executionInput
    .default(SMOKE)
    .describe(
      'The input of the run after each deploy. The run has to end complete; otherwise the deploy is rolled back.',
    ),
  smokeMinutes: z
    .int()
    .min(1)
    .max(360)
    .default(30)
    .describe('Minutes that the run after a deploy may take. After that it is stopped, and the deploy is rolled back.'),
  email: z
    .email()
    .optional()
    .describe('The mail address that receives a message when the pipeline succeeded, failed or waits for an approval.'),
  topic: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/, 'takes the ARN of a standard SNS topic')
    .optional()
    .describe(
      'An SNS topic of yours that receives these messages, for a chat. Its policy has to let CodeStar Notifications publish.',
    ),
});

export type DeliverySettings = z.output<typeof deliverySettings>;
export type StageSettings = DeliverySettings['stages'][number];
