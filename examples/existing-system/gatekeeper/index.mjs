/**
 * Returns when the existing system has written all exports of the day. The system's page answers
 * `{ "done": 3, "total": 12 }`.
 */
export async function handler({ day, force }) {
  // Time is up: the state machine continues with the exports that exist.
  if (force === true) return { complete: false };
  const answer = await fetch(`${process.env.STATUS_URL}/${day}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`the existing system answered ${answer.status}`);
  const { done, total } = await answer.json();
  if (done === total) return { complete: true };
  const notReady = new Error(`${done} of ${total} exports are there`);
  notReady.name = 'NotReadyError';
  throw notReady;
}
