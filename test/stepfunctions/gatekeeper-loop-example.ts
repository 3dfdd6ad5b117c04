import { Duration, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { GatekeeperLoop } from '#stepfunctions/gatekeeper-loop.ts';

/** Waits until somebody outside has put `exports/<day>/_SUCCESS` into a bucket, for four hours at most. */
export class WaitForExport extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const exports = new Bucket(this, 'Exports');
    const gatekeeper = new LambdaFunction(this, 'Gatekeeper', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      environment: { BUCKET: exports.bucketName },
      code: Code.fromInline(`
const { S3Client, HeadObjectCommand } = require('@aws-sdk/client-s3');
const s3 = new S3Client();

exports.handler = async ({ day, force }) => {
  if (force === true) return { complete: false };
  const Key = 'exports/' + day + '/_SUCCESS';
  try {
    await s3.send(new HeadObjectCommand({ Bucket: process.env.BUCKET, Key }));
    return { complete: true };
  } catch (error) {
    if (error.name !== 'NotFound') throw error;
    const notReady = new Error('waiting for ' + Key);
    notReady.name = 'NotReadyError';
    throw notReady;
  }
};`),
    });
    exports.grantRead(gatekeeper);

    const wait = new GatekeeperLoop(this, 'WaitForExport', {
      gatekeeper,
      interval: Duration.minutes(5),
      attempts: 48,
    });
    new StateMachine(this, 'StateMachine', {
      // After the loop, $.gate.complete is true if the export exists, and false if time was up before.
      definitionBody: DefinitionBody.fromChainable(wait.next(new Pass(this, 'GoOn'))),
      timeout: Duration.hours(5),
    });
  }
}
