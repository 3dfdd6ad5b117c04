import type { Entry } from '../entry.ts';

/** Why a run is refused, continues without some of its items, or breaks. */
export const RUN = {
  'invalid-input': {
    title: 'The input cannot be run',
    names: ['InvalidInputError', 'TemplateError'],
    meaning:
      'The input of the run breaks a rule. The detail lists every problem with its path and the value. Nothing was started, or the run ended in Plan.',
    mend: 'correct each problem (docs/input.md); "npx sluice validate FILE" checks an input without AWS',
    isUsage: true,
  },
  'bad-list': {
    title: 'The list of sources cannot be read',
    names: ['SourceListError', 'ListFaultError'],
    meaning: 'The list that the input names does not exist, has no known format, or is too long.',
    mend: 'correct the list (docs/input.md)',
  },
  'bad-rerun': {
    title: 'The earlier run cannot be run again',
    names: ['RerunError'],
    meaning: 'The run that rerunOf names is still under way, never existed, or its records have expired.',
    mend: 'wait for its end ("npx sluice watch RUN"), or name another run ("npx sluice runs")',
  },
  'already-claimed': {
    title: 'Another run has this name or this slot',
    names: ['AlreadyClaimedError'],
    meaning:
      'A run of this name, or a run of the same time of the schedule, exists. EventBridge may deliver a start twice, and only one of the two may run.',
    mend: 'nothing, if a schedule started it; otherwise start the run under another name',
  },
  'gate-late': {
    title: 'Time was up before every item was done',
    names: ['Late'],
    meaning:
      'The gate made as many looks as the settings allow, and items were still missing. The run continued without them and names them as missing; with onLate: "fail" the run ends as late.',
    mend: 'run the missing items again ("npx sluice retry RUN"), or let the gate wait longer, or allow more workers',
    allowedBy: 'gate.attempts, gate.intervalSeconds, workers.max',
  },
  'gate-deadline': {
    title: 'The deadline passed before every item was done',
    meaning: 'The input sets deadlineMinutes. The gate opened at that time, and items were missing.',
    mend: 'run the missing items again ("npx sluice retry RUN"), or give the run more time',
    allowedBy: 'deadlineMinutes in the input',
  },
  'gate-limit': {
    title: 'The hours of the run were used up before every item was done',
    meaning:
      'The setting limits.hours limits the time of a run. When the hours were over, the gate opened, and items were missing.',
    mend: 'run the missing items again ("npx sluice retry RUN"), or raise the limit',
    allowedBy: 'limits.hours',
  },
  'gate-forced': {
    title: 'The input forced the gate',
    meaning: 'The input contains force: true, so the gate opened at once, even with items missing.',
    mend: 'remove "force" from the input, so that the run waits for its items',
    allowedBy: '"force": false in the input',
  },
  'check-failed': {
    title: 'A check of the gate failed',
    names: ['CheckFailedError'],
    meaning:
      'A function or a page that the gate calls failed, or gave an answer in a form that the gate does not know.',
    mend: 'correct the check that the detail names (docs/gate-checks.md), then redrive the execution or run it again',
  },
  'not-ready': {
    title: 'Items are still missing',
    names: ['NotReadyError'],
    meaning:
      'This is no failure: the gate waits, and looks again after gate.intervalSeconds. The detail is the progress.',
    mend: 'wait',
  },
  'ingest-ended': {
    title: 'The transfer of the item ended without an outcome',
    names: ['IngestEndedError'],
    meaning:
      'The part of Ingest that transferred the item ended before it recorded an outcome. A function was killed, or a batch had no calls left.',
    mend: 'look at the failed child of the Map Run in the console, and run the item again ("npx sluice retry RUN")',
  },
  'open-calls-used-up': {
    title: 'A batch of sources has no calls left',
    names: ['OpenCallsUsedUp'],
    meaning: 'The sources of one batch needed more calls of Open than a batch may have.',
    mend: 'run the remaining items again, or raise the limit',
    allowedBy: 'ingest.openCalls, ingest.sourcesPerBatch',
  },
  'run-stopped': {
    title: 'The run was stopped',
    foreign: ['ABORTED'],
    meaning: 'Somebody stopped the execution: "sluice cancel", "sluice stop", or the console.',
    mend: 'run the remaining items again ("npx sluice retry RUN")',
  },
  'run-timed-out': {
    title: 'The run took longer than allowed',
    foreign: ['TIMED_OUT', 'States.Timeout', 'StepFunctions.Timeout'],
    meaning: 'Step Functions ended the execution, or one call of a function, because its time was up.',
    mend: 'run the remaining items again ("npx sluice retry RUN"), or raise the limit',
    allowedBy: 'run.timeoutHours',
  },
  'all-failed': {
    title: 'No item of the run was done',
    names: ['Failed'],
    meaning: 'Every item failed. Each item has its own failure with its own code.',
    mend: 'correct the causes of the first failures ("npx sluice items RUN --failed"), then run them again ("npx sluice retry RUN")',
  },
  'run-closed': {
    title: 'The run was closed when its execution was stopped',
    foreign: ['RunClosedError'],
    meaning:
      'The execution was stopped or timed out after its gate had opened. The event about this end closed the run, and no redrive has opened it since.',
    mend: 'redrive the execution in the console: it opens the run and continues at the gate',
  },
  'run-broke': {
    title: 'The execution broke',
    names: ['EnvironmentError'],
    foreign: [
      'FAILED',
      'States.TaskFailed',
      'StepFunctions.TaskFailed',
      'Lambda.Unknown',
      'Lambda.ServiceException',
      'Lambda.AWSLambdaException',
      'Lambda.SdkClientException',
      'Runtime.ExitError',
      'Runtime.HandlerError',
      'States.ItemReaderFailed',
      'StepFunctions.ItemReaderFailed',
    ],
    meaning:
      'A state of the execution failed with an error that has no code of its own. Sluice closes the run in order, and keeps all landed objects.',
    mend: 'read the log lines ("npx sluice logs RUN"); redrive the execution in the console, or run the remaining items again ("npx sluice retry RUN")',
  },
} as const satisfies Record<string, Entry>;
