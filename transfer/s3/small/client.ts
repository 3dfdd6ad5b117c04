import { hash } from 'node:crypto';
import type { Agent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { backoffMilliseconds, wait } from '#net/wait.ts';
import { isTransientS3Error } from '../errors.ts';
import type { SignedRequest } from '../signature.ts';
import { keyPath, type SigningCredentials, signHeaders } from '../signature.ts';
import { agentsOf, type SignedAnswer, sendCall } from '../transport.ts';
import { isErrorIn200, S3AnswerError } from './answer-error.ts';
import { lambdaCredentials } from './lambda-credentials.ts';
import { placeOf } from './place.ts';

/** A call on S3 before it has an address and a signature. */
export interface Call {
  readonly method: string;
  readonly bucket: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

interface Args {
  readonly request: SignedRequest;
}
interface Step {
  readonly response?: SignedAnswer;
  readonly output?: unknown;
}
type Handler = (args: Args) => Promise<Step>;
type Middleware = (next: Handler) => Handler;

/** The steps of the SDK's stack in which the engine takes a hand. */
const STEPS = ['retry', 'serialize', 'build', 'deserialize'] as const;

class MiddlewareStack {
  readonly #added = new Map<string, Middleware[]>();

  add(middleware: Middleware, { step }: { readonly step: string }): void {
    if (!STEPS.some((known) => known === step)) throw new TypeError(`this client has no step ${step}`);
    this.#added.set(step, [...(this.#added.get(step) ?? []), middleware]);
  }

  /** Within each attempt. */
  addRelativeTo(middleware: Middleware, { toMiddleware }: { readonly toMiddleware: string }): void {
    if (toMiddleware !== 'retryMiddleware') throw new TypeError(`this client has no ${toMiddleware}`);
    this.add(middleware, { step: 'retry' });
  }

  around(step: (typeof STEPS)[number], handler: Handler): Handler {
    return (this.#added.get(step) ?? []).reduceRight((next, middleware) => middleware(next), handler);
  }
}

/** A call as the SDK has it: an object that a client sends. */
export abstract class Command<I, O> {
  readonly middlewareStack = new MiddlewareStack();
  readonly input: I;

  constructor(input: I) {
    this.input = input;
  }

  abstract call(): Call;
  abstract output(answer: SignedAnswer): O;
}

const MOST_ATTEMPTS = 3;
const BACKOFF_SECONDS = 0.1;
const LONGEST_BACKOFF_SECONDS = 5;
/** S3's own limit is 15 minutes. The SDK corrects from here on. */
const SKEW_MILLISECONDS = 300_000;

export interface SmallClientConfig {
  /** @default AWS_REGION */
  readonly region?: string;
  /** @default the variables' own, else S3 of the region */
  readonly endpoint?: string;
  /** @default the variables' own, read at each request */
  readonly credentials?: SigningCredentials;
  readonly requestHandler?: {
    readonly requestTimeout?: number;
    readonly httpAgent?: Agent;
    readonly httpsAgent?: HttpsAgent;
  };
}

/**
 * A client of S3 for the functions that transfer, in place of the SDK's in their bundles. It has the calls that they
 * make, in the SDK's shape, and takes region, endpoint and credentials from the variables that Lambda sets. The SDK's
 * client is half of what such a function loads.
 */
export class S3Client {
  readonly config;
  readonly #stallSeconds: number;
  readonly #region: string | undefined;
  readonly #endpoint: string | undefined;
  readonly #given: readonly (Agent | undefined)[];

  constructor({ region, endpoint, credentials, requestHandler = {} }: SmallClientConfig = {}) {
    const { requestTimeout = 30_000, httpAgent, httpsAgent } = requestHandler;
    this.#stallSeconds = requestTimeout / 1_000;
    this.#given = [httpAgent, httpsAgent];
    this.#region = region;
    this.#endpoint = endpoint;
    this.config = {
      systemClockOffset: 0,
      requestHandler: { httpHandlerConfigs: () => ({ httpAgent, httpsAgent }) },
      credentials: async () => credentials ?? lambdaCredentials(process.env),
    };
  }

  /** Sends a call, up to three times where it may succeed later. */
  async send<O>(command: Command<unknown, O>, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<O> {
    const signal = abortSignal ?? new AbortController().signal;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(command, signal);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (attempt === MOST_ATTEMPTS || !isTransientS3Error(error)) throw error;
        await wait(backoffMilliseconds(attempt, BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS), signal);
      }
    }
  }

  async #once<O>(command: Command<unknown, O>, signal: AbortSignal): Promise<O> {
    const { middlewareStack: stack } = command;
    const transport = stack.around('deserialize', async ({ request }) => ({
      response: await sendCall(request, {
        agents: await agentsOf(this),
        signal,
        stallSeconds: this.#stallSeconds,
        askFirst: false,
      }),
    }));
    const signed: Handler = async ({ request }) => {
      const { response } = await transport({ request: await this.#sign(request) });
      return { output: this.#read(command, response as SignedAnswer) };
    };
    const whole = stack.around('retry', stack.around('serialize', stack.around('build', signed)));
    return (await whole({ request: this.#requestOf(command.call()) })).output as O;
  }

  #regionName(): string {
    const region = this.#region ?? process.env.AWS_REGION;
    if (!region)
      throw new Error('AWS_REGION is not set: a function reads its region from this variable, which Lambda sets');
    return region;
  }

  #requestOf({ method, bucket, key = '', query = {}, headers = {}, body }: Call): SignedRequest {
    const { path, ...place } = placeOf(bucket, this.#regionName(), this.#endpoint);
    const port = place.port === undefined ? '' : `:${place.port}`;
    const given = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return {
      method,
      ...place,
      path: path + keyPath(key),
      query,
      headers: { host: place.hostname + port, ...Object.fromEntries(given) },
      ...(body !== undefined && { body }),
    };
  }

  async #sign(request: SignedRequest): Promise<SignedRequest> {
    const { headers, body } = request;
    const given = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const hashed = { 'x-amz-content-sha256': sha256(body ?? '') };
    const at = new Date(Date.now() + this.config.systemClockOffset);
    const scope = { region: this.#regionName(), service: 's3' };
    const all = { ...given, ...hashed, ...headers };
    return { ...request, headers: signHeaders(request, all, await this.config.credentials(), scope, at) };
  }

  #read<O>(command: Command<unknown, O>, answer: SignedAnswer): O {
    const failed = isErrorIn200(answer) ? { ...answer, statusCode: 503 } : answer;
    if (failed.statusCode >= 200 && failed.statusCode < 300) return command.output(failed);
    const error = new S3AnswerError(failed);
    const theirs = Date.parse(answer.headers.date ?? '');
    const ours = Date.now() + this.config.systemClockOffset;
    if (Math.abs(theirs - ours) >= SKEW_MILLISECONDS) {
      this.config.systemClockOffset = theirs - Date.now();
      error.$metadata.clockSkewCorrected = true;
    }
    throw error;
  }

  /** Ends the connections of the agents that were given, as the SDK's client does; the others are the process's. */
  destroy(): void {
    for (const agent of this.#given) agent?.destroy();
  }
}

function sha256(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex');
}
