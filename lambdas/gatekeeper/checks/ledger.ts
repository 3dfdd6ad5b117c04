import type { Check } from './check.ts';

/**
 * Ready when every item of the run has a record that settles it. This is exact, whatever else the queue contains. It is
 * the default.
 */
export const ledgerCheck: Check = async ({ plan, record }) => {
  const sample = record.samples.at(-1);
  if (sample === undefined) return { ready: false, progress: 'not counted yet' };
  const { done, failed, missing, exact } = sample;
  const about = exact ? '' : 'about ';
  return {
    ready: exact && missing === 0,
    progress: `${about}${done} of ${plan.items} done, ${failed} failed, ${missing} to go`,
  };
};
