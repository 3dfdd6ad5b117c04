import type { S3Client } from '@aws-sdk/client-s3';
import { UncertainAnswerError } from './errors.ts';
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
 * For some hours, S3 answers 307 for a new bucket of another region, and 301 later. A client that follows a bucket into
 * its region (`followRegionRedirects`) knows only the 301.
 */
function followable(error: unknown): unknown {
  const { $metadata, $response } = (error ?? {}) as {
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Readonly<Record<string, string | undefined>> };
  };
  if ($metadata?.httpStatusCode === 307 && $response?.headers?.['x-amz-bucket-region'] !== undefined) {
    $metadata.httpStatusCode = 301;
  }
  return error;
}

function shown(error: unknown): unknown {
  return error instanceof NotRetried ? error.hidden : error;
}

/** Outside of the SDK's retries, where it follows a bucket into its region, it has to see the error itself. */
function followRegions(command: S3Command): void {
  command.middlewareStack.addRelativeTo(
    (next: (request: unknown) => Promise<unknown>) => async (request: unknown) => {
      try {
        return await next(request);
      } catch (error) {
        throw followable(shown(error));
      }
    },
    { relation: 'before', toMiddleware: 'retryMiddleware', name: 'sluiceRegions', override: true },
  );
}

/**
 * How a request's bytes reach S3 and return; without a `transport`, a command's body is sent as the SDK made
 * it.
 */
export type Transport = (signed: SignedRequest) => Promise<SignedAnswer>;

/** S3 answers 204 to a DELETE, and 200 to all other calls of the engine. Other servers may answer a PUT by 201, for example. */
async function certain(request: SignedRequest, transport: Transport): Promise<SignedAnswer> {
  const answer = await transport(request);
  const { statusCode } = answer;
  const isOther = statusCode !== 200 && !(statusCode === 204 && request.method === 'DELETE');
  if (statusCode < 300 && isOther) throw new UncertainAnswerError(`a ${request.method}`, String(statusCode));
  return answer;
}

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
  if (client.config.followRegionRedirects) followRegions(command);
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
    () => async (args: { request: SignedRequest }) => ({ response: await certain(args.request, transport) }),
    { step: 'deserialize', priority: 'low', name: 'sluiceTransport' },
  );
  try {
    return await client.send(command as never);
  } catch (error) {
    throw shown(error);
  }
}
