import { AWS } from './entries/aws.ts';
import { COMMAND } from './entries/command.ts';
import { DEPLOY } from './entries/deploy.ts';
import { MACHINE } from './entries/machine.ts';
import { PROCESSOR } from './entries/processor.ts';
import { RUN } from './entries/run.ts';
import { SOURCE } from './entries/source.ts';
import { STORAGE } from './entries/storage.ts';
import { WAREHOUSE } from './entries/warehouse.ts';
import { WORKER } from './entries/worker.ts';
import type { Entry } from './entry.ts';

/** The catalogue by the component that fails, in the order of the page. */
export const SECTIONS = {
  'A source': SOURCE,
  'The object in S3': STORAGE,
  'A run and its gate': RUN,
  'Workers and their queue': WORKER,
  'The Redshift warehouse': WAREHOUSE,
  Processors: PROCESSOR,
  'AWS and its credentials': AWS,
  'The machine and its network': MACHINE,
  'The command line': COMMAND,
  'Synth, deploy and the local run': DEPLOY,
} as const satisfies Record<string, Readonly<Record<string, Entry>>>;

const ALL = {
  ...SOURCE,
  ...STORAGE,
  ...RUN,
  ...WORKER,
  ...WAREHOUSE,
  ...PROCESSOR,
  ...AWS,
  ...MACHINE,
  ...COMMAND,
  ...DEPLOY,
};

/** The code of a failure. A code never changes, and is never used for another failure. */
export type Code = keyof typeof ALL;

/**
 * Every failure that has a code: what happened, what it means, what to do. docs/errors.md is made from this catalogue.
 */
export const CATALOGUE: Readonly<Record<Code, Entry>> = ALL;

/** Whether a text is a code of the catalogue. */
export function isCode(text: unknown): text is Code {
  return typeof text === 'string' && Object.hasOwn(CATALOGUE, text);
}

const CODE_OF_NAME: ReadonlyMap<string, Code> = new Map(
  Object.entries(CATALOGUE).flatMap(([code, { names = [], foreign = [] }]) =>
    [...names, ...foreign].map((name) => [name, code as Code] as const),
  ),
);

/** Returns the code for an error's name, or for the `code` that Node and AWS give an error. */
export function codeOfName(name: string): Code | undefined {
  return CODE_OF_NAME.get(name);
}
