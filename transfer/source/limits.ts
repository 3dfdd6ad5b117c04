/** What a source is given, each settable per source. */
export interface SourceLimits {
  /** To connect, TLS included. @default 10 */
  readonly connectSeconds?: number;
  /** From the request to the end of the answer's head. @default 60 */
  readonly headSeconds?: number;
  /** Without a byte while one is waited for. @default 30 */
  readonly idleSeconds?: number;
  /** Averaged over `minSpeedSeconds` in which a read was outstanding, so that a slow S3 blames no source. @default 1024 */
  readonly minBytesPerSecond?: number;
  /** @default 60 */
  readonly minSpeedSeconds?: number;
  /**
   * Waited for a source that brings nothing, or less than `minBytesPerSecond`, in all attempts together. It is given up at
   * the first fault after that. @default 120
   */
  readonly patienceSeconds?: number;
  /** Hops from the URL to what it redirects to. @default 10 */
  readonly redirects?: number;
  /** Times in a row that one thing is asked for. @default 6 */
  readonly attempts?: number;
  /** Before the second attempt; it doubles with each, up to 10 s, and half of it is chance. @default 0.2 */
  readonly backoffSeconds?: number;
  /** The longest Retry-After that is waited for in the process; a longer one is the caller's. @default 20 */
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
