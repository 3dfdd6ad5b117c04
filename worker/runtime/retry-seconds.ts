const LONGEST_PAUSE_SECONDS = 900;

/**
 * How long an item rests before its next try: doubling from the first pause, at most 15 minutes, with up to a quarter
 * of jitter, so that items that failed together don't come back together.
 *
 * @param failedTries how many tries have failed by now, from 1.
 */
export function retrySeconds(failedTries: number, firstPauseSeconds: number, random = Math.random()): number {
  const pause = Math.min(firstPauseSeconds * 2 ** (failedTries - 1), LONGEST_PAUSE_SECONDS);
  return Math.round(pause * (1 - random / 4));
}
