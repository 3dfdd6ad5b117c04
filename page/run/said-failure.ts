import { printable } from '#net/printable.ts';
import { shortText } from '#net/short-text.ts';
import type { Manifest } from '#run/end/manifest.ts';

/** The limit of a detail, and of what to do about it, on a page. */
export const MOST_DETAIL = 1_200;
/** The table of items shows longer ones. */
const MOST_NAME = 300;

/** Shortens a failure of the manifest to what a page has room for. */
export function saidFailure({ item, name, stage, problem }: Manifest['failed'][number]) {
  const { code, title, detail, mend, type } = problem;
  return {
    item,
    name: printable(shortText(name, MOST_NAME), { lines: false }),
    stage,
    /** Failures of one kind share it. */
    kind: `${stage} ${code}`,
    title: shortText(title, MOST_NAME),
    detail: shortText(detail, MOST_DETAIL),
    mend: shortText(mend, MOST_DETAIL),
    /** The page that explains its kind. */
    page: shortText(type, MOST_NAME),
  };
}

export type SaidFailure = ReturnType<typeof saidFailure>;
