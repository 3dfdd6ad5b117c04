import * as z from '#net/zod.ts';
import type { Code } from './catalogue.ts';
import { problemOf } from './problem.ts';
import { problemObject } from './problem-schema.ts';

/** What happened around a run, and is not the failure of an item. */
export interface Trouble {
  /** The name of the error, in the words of AWS: `SpotInterruption`. */
  readonly name: string;
  readonly code: Code;
  readonly message: string;
  /** The id of the worker's task, if one worker is concerned. */
  readonly worker?: string | undefined;
}

/** A {@link Trouble} in `gate.json`, in `notes/`, in the manifest and on the pages: a problem as all others are. */
export const noteSchema = z.lazy(() =>
  z.extend(z.omit(problemObject(), { bytes: true, instance: true }), {
    /** The id of the worker's task, if one worker is concerned; the first one, if it happened to several. */
    worker: z.optional(z.string()),
  }),
);
export type Note = z.infer<typeof noteSchema>;

export function noteOf({ worker, ...error }: Trouble, runId: string): Note {
  return { ...problemOf(error, { run: runId }), ...(worker !== undefined && { worker }) };
}

/** A note as one line. It begins with its code, so that a reader finds the note among other lines. */
export function noteLine({ code, detail }: Pick<Note, 'code' | 'detail'>): string {
  return `${code}: ${detail}`;
}

/** Returns each note once. Those that differ only in their worker are the same. */
export function distinctNotes(notes: readonly Note[]): Note[] {
  return [...Map.groupBy(notes, noteLine).values()].flatMap(([first]) => first ?? []);
}
