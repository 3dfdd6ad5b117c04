/** Grants that no end-to-end test uses, and the reason why they exist. */
export interface NotAskedFor {
  /** Matches the name of the role's construct. */
  readonly role: RegExp;
  readonly action: RegExp;
  /** Matches the pattern of the resource. @default any */
  readonly resource?: RegExp;
  readonly reason: string;
  /** Whether some runs use it by chance. @default false */
  readonly sometimes?: boolean;
}

export const NOT_ASKED_FOR: readonly NotAskedFor[] = [
  { role: /./, action: /^xray:/, reason: 'AWS sends traces by itself with these. The embedded AWS sends none.' },
  {
    role: /^(Run|Closing)StateMachineRole$/,
    action: /^logs:/,
    reason: 'Step Functions sets up the delivery of its log with these. The embedded AWS writes no log of it.',
  },
  {
    role: /^RunStateMachineRole$/,
    action: /^states:(Describe|Stop|Redrive)Execution$/,
    reason: "Step Functions looks after its Map's children with these. The embedded AWS asks for nothing there.",
  },
  {
    role: /^FunctionsloadRole$/,
    action:
      /^(redshift-data:CancelStatement|s3:(AbortMultipartUpload|ListMultipartUploadParts|ListBucketMultipartUploads))$/,
    reason:
      'Loads are cancelled when time is up, and a long list of lines is an upload: test/warehouse/load-table.test.ts, test/run/end.',
    sometimes: true,
  },
  {
    role: /^WorkersTaskRole$/,
    action: /^secretsmanager:GetSecretValue$/,
    resource: /:secret:vendor\/\*$/,
    reason:
      'The deployment for the commands of the docs reads this secret in Open alone. Workers read secrets in test/e2e/secrets.test.ts.',
  },
  {
    role: /^FunctionsloadRole$/,
    action: /^redshift(-data:BatchExecuteStatement|:GetClusterCredentialsWithIAM)$/,
    resource: /^arn:aws:redshift:/,
    reason:
      'The deployment with a cluster only reads its queues. Runs load into a workgroup: test/e2e/warehouse.test.ts.',
  },
  {
    role: /^FunctionswatchqueuesRole$/,
    action: /^(redshift-data:CancelStatement|s3:ListBucket)$/,
    reason: 'It cancels a query that takes more than a minute, and the right to list goes with the bucket.',
    sometimes: true,
  },
  {
    role: /^SchedulesRole$/,
    action: /^sqs:SendMessage$/,
    reason: "Scheduler sends what it can't start to a queue. The embedded AWS gives up instead.",
  },
  {
    role: /^FunctionsreopenrunRole$/,
    action: /^sqs:SendMessage$/,
    reason: 'Lambda sends the events that the function failed on to a queue. The embedded AWS drops them.',
  },
  {
    role: /^FunctionsreopenrunRole$/,
    action: /./,
    reason: 'Where BrokenState was faster, ReopenRun finds nothing to open: test/lambdas/reopen-run.',
    sometimes: true,
  },
  {
    role: /^Functions(closerun|done)Role$/,
    action: /^s3:DeleteObject$/,
    reason: 'The end of a run that was redriven meanwhile is taken back: test/lambdas/reopen-run.',
    sometimes: true,
  },
  {
    role: /^(Functions(open|slice|close|abandon|closerun|done|reconcile)|WorkersTask)Role$/,
    action: /^s3:(AbortMultipartUpload|ListMultipartUploadParts|ListBucketMultipartUploads)$/,
    reason: 'An upload that broke off is found, gone on with or aborted: test/transfer, test/run/end.',
    sometimes: true,
  },
  {
    role: /^FunctionscloseRole$/,
    action: /^sqs:SendMessage$/,
    reason: 'A large object is dispatched by the same function as a small one, by Open: test/e2e/by-turns/workers.ts.',
    sometimes: true,
  },
  {
    role: /^FunctionsgatekeeperRole$/,
    action: /^sqs:(SendMessage|DeleteMessage)$/,
    reason: 'Lost messages are sent again after minutes, dead letters come after 20 receives: test/lambdas/gatekeeper.',
    sometimes: true,
  },
  {
    role: /^WorkersTaskRole$/,
    action: /^sqs:SendMessage$/,
    reason: 'A worker lands what takes too long for a Lambda, and sends it on: test/worker/runtime/fetch.test.ts.',
    sometimes: true,
  },
  {
    role: /^FunctionsreconcileRole$/,
    action: /^s3:PutObject$/,
    resource: /\/failures\/\*$/,
    reason: 'A planned item without any record comes of a lost batch: test/lambdas/reconcile.',
    sometimes: true,
  },
  {
    role: /^FunctionssliceRole$/,
    action: /^(secretsmanager:GetSecretValue|ssm:GetParameter)$/,
    reason: 'It reads a secret as Open does, for a large source: test/e2e/secrets.test.ts, test/run/credentials.',
  },
  {
    role: /^Functions(slice|load)Role$/,
    action: /^s3:ListBucket$/,
    reason: 'Without it S3 answers 403 instead of 404 to a read of an object that is not there.',
    sometimes: true,
  },
  {
    role: /^FunctionswatchRole$/,
    action: /^s3:ListBucket$/,
    reason: 'It lists the slots of a schedule by rate: test/lambdas/watch. Without it a missing object is 403, too.',
    sometimes: true,
  },
  {
    role: /^FunctionsatdeployRole$/,
    action: /^iam:GetRole$/,
    resource: /\/aws-service-role\//,
    reason: "A new account, as the embedded AWS is, hasn't the role yet, and so no path of it.",
  },
  {
    role: /^Functions(broken|listitems|sweep)Role$/,
    action: /./,
    reason: 'They run where a run broke, has very many items, or was never closed: test/lambdas, test/run/end.',
    sometimes: true,
  },
  {
    role: /^(Run|Closing)StateMachineRole$/,
    action: /^lambda:InvokeFunction$/,
    resource: /-(broken|list-items):[*\d]+$/,
    reason: 'The same, called by the state machines.',
    sometimes: true,
  },
  {
    role: /^FunctionscloserunRole$/,
    action: /^states:DescribeExecution$/,
    reason: 'It asks what became of an execution that may have gone on: test/lambdas/close-run.',
    sometimes: true,
  },
  {
    role: /^FunctionsgatekeeperRole$/,
    action: /^ecs:StopTask$/,
    reason: 'It stops a worker that gives no sign of life for minutes: test/lambdas/gatekeeper.',
    sometimes: true,
  },
];
