import { CreateClusterCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import { functionCaller } from '#lambdas/gatekeeper/checks/call-function.ts';
import type { Gate } from '#lambdas/gatekeeper/gate.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import type { useEmbeddedAws } from './aws.ts';

/** A gate with empty services; its workers run and do nothing. `clock.now` is the time that it uses. */
export async function newGate(aws: ReturnType<typeof useEmbeddedAws>, clock = { now: new Date() }): Promise<Gate> {
  const ecs = new ECSClient(aws.client());
  const cluster = crypto.randomUUID();
  const family = crypto.randomUUID();
  await ecs.send(new CreateClusterCommand({ clusterName: cluster }));
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        { name: 'worker', image: 'node', command: ['node', '-e', 'setTimeout(() => {}, 60000)'], essential: true },
      ],
    }),
  );
  return {
    store: await aws.store(),
    queue: await aws.queue(),
    deadLetters: await aws.queue(),
    fleet: {
      client: ecs,
      cluster,
      taskFamily: family,
      subnets: ['subnet-1'],
      securityGroups: ['sg-1'],
      assignPublicIp: true,
      max: 2,
      itemsPerWorker: 2,
      spot: true,
    },
    call: functionCaller(aws.client(), ''),
    guard: LOOPBACK,
    now: () => clock.now,
  };
}
