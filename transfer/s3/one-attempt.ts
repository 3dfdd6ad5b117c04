import type { S3Client } from '@aws-sdk/client-s3';
import type { SignedRequest } from './signature.ts';
import type { SignedAnswer } from './transport.ts';

/** The parts of an S3 client's command that the engine needs. */
export interface S3Command {
  // biome-ignore lint/suspicious/noExplicitAny: each command's stack is typed by its own input and output.
  readonly middlewareStack: any;
  // biome-ignore lint/suspicious/noExplicitAny: the output is inferred from this method alone, see OutputOf.
  resolveMiddleware(...args: any[]): (...args: any[]) => Promise<{ output: any }>;
}

export type OutputOf<C extends S3Command> = Awaited<ReturnType<ReturnType<C['resolveMiddleware']>>>['output'];

/**
 * Hides an error from the SDK's retry middleware, which decides by names, codes and statuses, also those of a cause.
 */
class NotRetried extends Error {
  override readonly name = 'NotRetried';
  readonly hidden: unknown;

  constructor(hidden: unknown) {
    super("hidden from the SDK's retries");
    this.hidden = hidden;
  }
}

/**
 * How a request's bytes reach S3 and return; without a `transport`, a command's body is sent as the SDK made
 * it.
 */
export type Transport = (signed: SignedRequest) => Promise<SignedAnswer>;

/**
 * Sends a command once over the engine's own transport, whatever retries and handler its client has. The engine counts
 * its retries, treats a repeated Create or Complete differently from the SDK, and limits stalls of each call. The SDK
 * finds the endpoint, signs and reads the answer. Errors pass unchanged.
 */
export async function sendOnce<C extends S3Command>(
  client: S3Client,
  command: C,
  transport: Transport,
): Promise<OutputOf<C>> {
  command.middlewareStack.addRelativeTo(
    (next: (request: unknown) => Promise<unknown>) => async (request: unknown) => {
      try {
        return await next(request);
      } catch (error) {
        throw new NotRetried(error);
      }
    },
    { relation: 'after', toMiddleware: 'retryMiddleware', name: 'sluiceOneAttempt', override: true },
  );
  command.middlewareStack.add(
    () => async (args: { request: SignedRequest }) => ({ response: await transport(args.request) }),
    { step: 'deserialize', priority: 'low', name: 'sluiceTransport' },
  );
  try {
    return await client.send(command as never);
  } catch (error) {
    throw error instanceof NotRetried ? error.hidden : error;
  }
}
