const LONGEST_PAUSE_SECONDS = 900;

/**
 * Returns the pause before an item's next attempt. The pause doubles from the first one, up to 15 minutes, with up to a
 * quarter of jitter, so that items that failed together are not tried again together.
 *
 * @param failedTries how many attempts have failed by now, from 1.
 */
export function retrySeconds(failedTries: number, firstPauseSeconds: number, random = Math.random()): number {
  const pause = Math.min(firstPauseSeconds * 2 ** (failedTries - 1), LONGEST_PAUSE_SECONDS);
  return Math.round(pause * (1 - random / 4));
}
