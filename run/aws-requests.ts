/** If a connection takes longer, AWS can't be reached. A connection within a region takes milliseconds. */
const CONNECT_MS = 5_000;
/**
 * How long a connection may be silent while the body of an answer is read. A reader of the body (such as `readLines`)
 * that stops for so long breaks the connection too; it then continues by range, which costs one more request. The SDK
 * also measures the time before the head, so a request with a higher limit is given as much.
 */
const SILENCE_MS = 60_000;

/**
 * Limits for the requests of an AWS client. Without limits, the SDK waits for ever if an endpoint accepts a connection
 * and never answers. Every client in a function or a worker uses them.
 *
 * The SDK retries a request that exceeds a limit, as it retries other failed requests.
 *
 * @param seconds from the start of one request, its body included, to the head of its answer.
 */
export function requestLimits(seconds = 30) {
  return {
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: seconds * 1_000,
      // Without this setting, the SDK only logs a warning.
      throwOnRequestTimeout: true,
      socketTimeout: Math.max(SILENCE_MS, seconds * 1_000),
    },
  };
}
