import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, Pass, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { GatekeeperLoop } from 'sluice/constructs';

const app = new App();
const stack = new Stack(app, 'ExistingSystem');
const setting = (name: string, otherwise: string): string => app.node.tryGetContext(name) ?? otherwise;

// The gatekeeper asks the existing system how many exports of a day are done.
const gatekeeper = new LambdaFunction(stack, 'Gatekeeper', {
  runtime: Runtime.NODEJS_24_X,
  handler: 'index.handler',
  code: Code.fromAsset('gatekeeper'),
  environment: { STATUS_URL: setting('statusUrl', 'https://warehouse.example.org/exports') },
  timeout: Duration.seconds(30),
});

const wait = new GatekeeperLoop(stack, 'WaitForExports', {
  gatekeeper,
  interval: Duration.seconds(Number(setting('intervalSeconds', '300'))),
  attempts: Number(setting('attempts', '48')),
});
// After the loop, $.gate.complete is true if all exports exist, and false if time was up before.
const goOn = new Pass(stack, 'GoOn');
const machine = new StateMachine(stack, 'StateMachine', {
  definitionBody: DefinitionBody.fromChainable(wait.next(goOn)),
  timeout: Duration.hours(5),
});
new CfnOutput(stack, 'StateMachineArn', { value: machine.stateMachineArn });
