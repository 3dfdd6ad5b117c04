import { startWeb, type Web } from './web.ts';

/** A request of RunTask. */
interface RunTaskCall {
  readonly count: number;
  readonly taskDefinition: string;
  readonly clientToken: string;
  readonly capacityProviderStrategy: readonly { readonly capacityProvider: string }[];
}

/** A stopped task as ECS describes it. Times are seconds since 1970. */
export interface StoppedTask {
  readonly stopCode: string;
  readonly stoppedReason?: string;
  readonly capacityProviderName?: string;
  readonly createdAt?: number;
  readonly containers?: readonly { readonly exitCode?: number; readonly reason?: string }[];
}

export interface FakeEcs extends Pick<Web, 'url' | 'stop'> {
  readonly calls: readonly RunTaskCall[];
  /** The requests, as `['FARGATE_SPOT', 3]`. */
  asked(): [capacityProvider: string | undefined, count: number][];
}

/**
 * ECS's answers over the wire: how many tasks run, how many more each capacity provider can start, and which tasks have
 * stopped. The embedded ECS always has capacity, and stops nothing by itself.
 *
 * @param options.room how many more tasks each provider starts.
 * @param options.exception what Spot throws instead of an answer.
 */
export async function startFakeEcs(options: {
  readonly running?: number;
  readonly room?: Readonly<Record<string, number>>;
  readonly stopped?: readonly StoppedTask[];
  readonly exception?: string;
}): Promise<FakeEcs> {
  const { running = 0, stopped = [], exception } = options;
  const room = { ...options.room };
  const calls: RunTaskCall[] = [];
  const arns = (count: number, what: string) =>
    Array.from({ length: count }, (_, n) => `arn:aws:ecs:eu-central-1:1:task/c/${what}-${n}`);
  const runTask = (call: RunTaskCall) => {
    calls.push(call);
    const provider = call.capacityProviderStrategy[0]?.capacityProvider ?? '';
    if (exception !== undefined && provider === 'FARGATE_SPOT')
      return { status: 400, answer: { __type: 'ClientException', message: exception } };
    const started = Math.min(call.count, room[provider] ?? 0);
    room[provider] = (room[provider] ?? 0) - started;
    const failures = started < call.count ? [{ reason: 'Capacity is unavailable at this time' }] : [];
    return { status: 200, answer: { tasks: arns(started, 'started').map((taskArn) => ({ taskArn })), failures } };
  };
  const { url, stop } = await startWeb(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await Array.fromAsync(request)).toString());
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const { status, answer } =
      operation === 'RunTask'
        ? runTask(body)
        : operation === 'DescribeTasks'
          ? {
              status: 200,
              answer: {
                tasks: stopped.map((task, n) => ({ taskArn: body.tasks[n], createdAt: Date.now() / 1_000, ...task })),
              },
            }
          : {
              status: 200,
              answer: { taskArns: arns(body.desiredStatus === 'STOPPED' ? stopped.length : running, 't') },
            };
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
  });
  return {
    url,
    stop,
    calls,
    asked: () => calls.map((call) => [call.capacityProviderStrategy[0]?.capacityProvider, call.count]),
  };
}
