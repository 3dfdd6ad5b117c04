/** The limits for a source, which can be set for each source. */
export interface SourceLimits {
  /** Seconds to connect, with TLS. @default 10 */
  readonly connectSeconds?: number;
  /** Seconds from the request to the end of the answer's head. @default 60 */
  readonly headSeconds?: number;
  /** Seconds without a byte while a read waits. @default 30 */
  readonly idleSeconds?: number;
  /**
   * The average over `minSpeedSeconds` in which a read waited, so that a slow S3 does not count against the source.
   * @default 1024
   */
  readonly minBytesPerSecond?: number;
  /** The seconds over which `minBytesPerSecond` is measured. @default 60 */
  readonly minSpeedSeconds?: number;
  /**
   * Seconds of waiting for a source that sends nothing, or less than `minBytesPerSecond`, in all attempts together. At
   * the first fault after that, the transfer fails. @default 120
   */
  readonly patienceSeconds?: number;
  /** The number of redirects from the URL. @default 10 */
  readonly redirects?: number;
  /** The number of tries in a row for one thing. @default 6 */
  readonly attempts?: number;
  /**
   * Seconds before the second attempt; they double with each attempt, up to 10 s, and half of them is random. @default
   * 0.2
   */
  readonly backoffSeconds?: number;
  /** The longest Retry-After for which the process waits; for a longer one, the caller has to wait. @default 20 */
  readonly longestWaitSeconds?: number;
}

export const DEFAULT_LIMITS: Required<SourceLimits> = {
  connectSeconds: 10,
  headSeconds: 60,
  idleSeconds: 30,
  minBytesPerSecond: 1_024,
  minSpeedSeconds: 60,
  patienceSeconds: 120,
  redirects: 10,
  attempts: 6,
  backoffSeconds: 0.2,
  longestWaitSeconds: 20,
};
