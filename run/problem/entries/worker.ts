import type { Entry } from '../entry.ts';

/** Problems of a worker, or between the queue and a worker. */
export const WORKER = {
  'dead-letter': {
    title: 'No worker finished the item',
    names: ['DeadLetterError'],
    meaning:
      'SQS delivered the message of the item as often as allowed, and no worker recorded a result or a failure. The item kills or stalls each worker.',
    mend: 'read the log lines of the item; give workers more memory or the item more time, or correct the processor',
    allowedBy: 'workers.memoryMiB, workers.itemMinutes, workers.maxAttempts',
  },
  'message-refused': {
    title: 'SQS does not accept the message of the item',
    names: ['MessageRefusedError', 'BadMessageError'],
    meaning: 'The message is larger than SQS accepts, or does not have the form of a message.',
    mend: 'make the input of the item smaller: store long values in an object, and name its key',
  },
  'dispatch-failed': {
    title: 'The items could not be sent to the workers',
    names: ['DispatchError'],
    meaning:
      'SQS did not accept some of the messages after several attempts, or did not permit the request. The gatekeeper sends them again when the queue has been empty for three minutes.',
    mend: 'if the detail names a missing permission, deploy again ("npx cdk deploy"); then run the remaining items again ("npx sluice retry RUN")',
  },
  'worker-died': {
    title: 'The workers died on the item',
    names: ['WorkerDiedError'],
    meaning:
      'Each worker that processed the item was killed before it could record a result or a failure. This happened as often as the item may be tried.',
    mend: 'give the workers more memory, or correct the processor; the log lines end where the worker was killed',
    allowedBy: 'workers.memoryMiB, workers.maxAttempts',
  },
  'item-timeout': {
    title: 'The item took longer than allowed',
    names: ['ItemTimeoutError'],
    meaning: 'The processor was still running when the time for one item was up. The detail shows its progress.',
    mend: 'split the item, or give items more time',
    allowedBy: 'workers.itemMinutes',
  },
  'item-memory': {
    title: 'The item ran out of memory',
    names: ['ItemMemoryError'],
    meaning: "The processor filled its heap, or its process took more than its share of the worker's memory.",
    mend: 'process fewer items at once, or give the workers more memory',
    allowedBy: 'workers.memoryMiB, workers.itemsAtOnce',
  },
  'item-process-ended': {
    title: 'The process of the item ended',
    names: ['ItemExitError', 'ItemUncaughtError', 'ItemKilledError', 'ItemProcessStartError'],
    meaning:
      'The processor ended its own process, threw an error that no code caught, or the system ended the process.',
    mend: 'correct the processor; the log lines of the item show its last output',
  },
  'worker-not-started': {
    title: 'A worker could not be started',
    meaning:
      'ECS had no capacity, met a quota, or could not pull the image. The detail contains the message of ECS. The gatekeeper tries again at each look.',
    mend: 'compare the quotas of the account (docs/quotas.md, "npx sluice doctor"), and the image and the network of the workers',
    allowedBy: 'workers.max, workers.spot, workers.image',
  },
  'worker-interrupted': {
    title: 'A worker was interrupted',
    meaning:
      'Spot took the worker back, or its machine broke. Its items went back to the queue, and the gatekeeper starts another worker.',
    mend: 'nothing; if Spot takes back too many workers, use on-demand workers',
    allowedBy: 'workers.spot',
  },
  'worker-ended': {
    title: 'A worker ended with an error',
    meaning: 'The container of a worker ended with an exit code that is not 0. 137 is most often a lack of memory.',
    mend: 'read the last log lines of the workers ("npx sluice logs RUN"); give them more memory if the detail says so',
    allowedBy: 'workers.memoryMiB',
  },
  'worker-silent': {
    title: 'A worker gave no sign of life',
    meaning:
      'The worker ran and did nothing: it hung, or was stuck before its first message. Sluice stops and replaces it.',
    mend: 'nothing; if it happens again, read the log lines of the worker that the detail names',
  },
  'worker-stopping': {
    title: 'The worker returned the item',
    names: ['WorkerStoppingError', 'WorkLostError', 'DoneElsewhereError', 'NotRecordedError', 'DeleteError'],
    meaning: 'This is not a failure of the item: another worker takes it, or has finished it.',
    mend: 'nothing',
  },
  'queue-unreachable': {
    title: 'The worker cannot reach its queue',
    names: ['QueueUnreachableError'],
    meaning:
      'The queue does not exist any more, or has not answered for five minutes. The worker ends, and the gatekeeper starts another.',
    mend: 'check that the stack is complete, and check the network and endpoints of the workers (docs/settings.md, network)',
  },
  'worker-setup': {
    title: 'The worker is not configured correctly',
    names: ['NativeFileError'],
    meaning: 'A variable or a file of the worker differs from the task definition.',
    mend: 'deploy again ("npx cdk deploy")',
  },
} as const satisfies Record<string, Entry>;
