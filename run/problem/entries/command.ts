import type { Entry } from '../entry.ts';

/** Why a command of the command line is refused, or could not do its work. */
export const COMMAND = {
  usage: {
    title: 'The command cannot be understood',
    names: ['UsageError'],
    meaning:
      'The command line has mistakes. The detail, and the list `problems` with --json, name all of them. The command sent no request and started nothing.',
    mend: '"npx sluice --help" lists the commands, "npx sluice COMMAND --help" the options of one',
    isUsage: true,
  },
  'no-such-run': {
    title: 'There is no such run',
    names: ['NoSuchRunError'],
    meaning:
      'The deployment has no run of this name. Records of a run expire after run.keepDays, executions after 90 days.',
    mend: '"npx sluice runs" lists the latest runs',
    isUsage: true,
  },
  'run-exists': {
    title: 'There is a run of this name already',
    meaning: 'A name is used once: it is the name of the execution, and the folder of its records.',
    mend: 'choose another --name, or leave it out',
    isUsage: true,
  },
  'run-under-way': {
    title: 'The run is still under way',
    meaning: 'The command needs records that a run writes at its end.',
    mend: '"npx sluice watch RUN" follows the run to its end',
    isUsage: true,
  },
  'run-has-ended': {
    title: 'The run has ended already',
    meaning: 'Only a run that is under way can be cancelled.',
    mend: '"npx sluice report RUN" shows its outcome',
    isUsage: true,
  },
  'run-not-planned': {
    title: 'The run has no plan',
    meaning:
      'Plan has not yet written the plan of the run, or the run failed in Plan; the error of Plan gives the reason.',
    mend: '"npx sluice status RUN" shows its progress',
  },
  'no-manifest': {
    title: 'The run has no manifest',
    names: ['NoManifestError'],
    meaning: 'The run ended before it had a plan, its manifest is still being written, or its records have expired.',
    mend: '"npx sluice status RUN" shows how it ended',
  },
  'no-such-item': {
    title: 'The run has no such item',
    meaning: 'An item is named by its key, its name or its id.',
    mend: '"npx sluice items RUN" lists them',
    isUsage: true,
  },
  'item-is-done': {
    title: 'The item is done',
    meaning: 'Only an item that failed or is missing can be run again.',
    mend: '"npx sluice items RUN --failed --missing" lists such items',
    isUsage: true,
  },
  'item-not-landed': {
    title: 'The item has not landed',
    meaning: 'There is no object to download.',
    mend: '"npx sluice items RUN --failed --missing" shows why',
  },
  'no-outputs': {
    title: 'The item has no outputs',
    meaning: 'The item has no processor, its processor writes none, or it is not done.',
    mend: '"npx sluice get RUN ITEM --json" shows its records',
  },
  'file-exists': {
    title: 'The file exists already',
    foreign: ['EEXIST'],
    meaning: 'The command does not overwrite an existing file.',
    mend: 'name another file with --to',
    isUsage: true,
  },
  'no-such-schedule': {
    title: 'There is no such schedule',
    meaning: 'The deployment has no schedule of this name.',
    mend: 'cdk.json names the schedules under sluice.schedules; deploy after a change',
    isUsage: true,
  },
  'no-stack': {
    title: 'There is no deployment',
    names: ['NoDeploymentError'],
    meaning:
      'The account and region have no CloudFormation stack of this name, or the stack was not deployed by Sluice.',
    mend: 'deploy it ("npx cdk deploy"), name another (--stack, AWS_PROFILE, AWS_REGION), or add --local for the one of "npm start -- --keep"',
    isUsage: true,
  },
  'no-local-sluice': {
    title: 'No local Sluice is running',
    names: ['NoLocalRunError'],
    meaning: '--local works on the embedded AWS that "npm start -- --keep" keeps running.',
    mend: 'start it with "npm start -- --keep", and keep it running',
    isUsage: true,
  },
  'no-console': {
    title: 'The embedded AWS has no console',
    meaning: 'The console of Step Functions is a page of AWS.',
    mend: '"npx sluice status RUN --local" and "npx sluice logs RUN --local" show a run',
    isUsage: true,
  },
  'copy-under-way': {
    title: 'Another process makes the same copy',
    meaning: 'Two processes of one machine do not copy the same URL to the same object at the same time.',
    mend: 'wait for the other process, or end it; the next call continues what it has sent',
  },
  'workers-still-run': {
    title: 'Workers still run',
    names: ['StillRunningError'],
    meaning: 'Sluice asked the workers to stop, and some still ran after three minutes.',
    mend: 'run the command again in a few minutes; the console of ECS shows the tasks',
  },
  interrupted: {
    title: 'The command was interrupted',
    names: ['StoppedError'],
    meaning: 'Somebody pressed Ctrl-C, or the command received a signal. A run that was started continues.',
    mend: '"npx sluice watch RUN" follows a run again; "npx sluice copy" continues where it was interrupted',
  },
  unexpected: {
    title: 'Something unexpected went wrong',
    meaning: 'The error has no code of its own. The detail contains its message.',
    mend: 'run the command again; if it fails again, report it with the detail',
  },
} as const satisfies Record<string, Entry>;
