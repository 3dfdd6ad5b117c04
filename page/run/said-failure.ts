import { printable } from '#net/printable.ts';
import { shortText } from '#net/short-text.ts';
import type { Manifest } from '#run/end/manifest.ts';

const MOST_DETAIL = 1_200;
/** The table of items shows longer ones. */
const MOST_NAME = 300;

/** A failure in the form that a page shows. */
export interface SaidFailure {
  readonly item: string;
  readonly name: string;
  readonly stage: string;
  /** The text that failures of one kind share. */
  readonly kind: string;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly mend: string;
  /** The page that explains its kind. */
  readonly page: string;
}

/** Shortens a failure of the manifest to what a page has room for. */
export function saidFailure({ item, name, stage, problem }: Manifest['failed'][number]): SaidFailure {
  const { code, title, detail, mend, type } = problem;
  return {
    item,
    name: printable(shortText(name, MOST_NAME), { lines: false }),
    stage,
    kind: `${stage} ${code}`,
    code: shortText(code, MOST_NAME),
    title: shortText(title, MOST_NAME),
    detail: shortText(detail, MOST_DETAIL),
    mend: shortText(mend, MOST_DETAIL),
    page: shortText(type, MOST_NAME),
  };
}
