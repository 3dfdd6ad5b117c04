/** Beyond this, AWS is taken not to be there. A connection within a region takes milliseconds. */
const CONNECT_MS = 5_000;
/**
 * How long a connection may be silent while an answer's body is read. A read that stalls breaks, and goes on by range.
 * A reader that rests as long breaks it too, which costs one more request.
 */
const SILENCE_MS = 60_000;

/**
 * Limits for the requests of an AWS client. Without them the SDK waits for ever for an endpoint that accepts a connection
 * and never answers. Every client in a function or a worker takes them.
 *
 * The SDK retries a request that ran into its limit, as it does other failures on the way.
 *
 * @param seconds from the start of one request, its body included, to the head of its answer.
 */
export function requestLimits(seconds = 30) {
  return {
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: seconds * 1_000,
      // Otherwise the SDK only logs a warning.
      throwOnRequestTimeout: true,
      socketTimeout: SILENCE_MS,
    },
  };
}
