import { hash } from 'node:crypto';
import type { Agent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { backoffMilliseconds, wait } from '#net/wait.ts';
import { isTransientS3Error } from '../errors.ts';
import type { SignedRequest } from '../signature.ts';
import { keyPath, type SigningCredentials, signHeaders } from '../signature.ts';
import { agentsOf, type SignedAnswer, sendCall } from '../transport.ts';
import { isErrorIn200, S3AnswerError } from './answer-error.ts';
import type { Call, Command, Handler } from './command.ts';
import * as commands from './commands.ts';
import { lambdaCredentials } from './lambda-credentials.ts';
import { isRegion, placeOf } from './place.ts';

const MOST_ATTEMPTS = 3;
const BACKOFF_SECONDS = 0.1;
const LONGEST_BACKOFF_SECONDS = 5;
/**
 * The statuses with which S3 names the region of a bucket: 301, for some hours after its creation 307, and 400 if only
 * the signature is for another region.
 */
const REDIRECTS: ReadonlySet<number> = new Set([301, 307, 400]);
/** S3's own limit is 15 minutes. The SDK corrects from here on. */
const SKEW_MILLISECONDS = 300_000;

export interface SmallClientConfig {
  /** @default AWS_REGION */
  readonly region?: string;
  /** @default the variables' own, else S3 of the region */
  readonly endpoint?: string;
  /** @default the variables' own, read at each request */
  readonly credentials?: SigningCredentials | (() => Promise<SigningCredentials>);
  /** Puts the bucket into the path instead of the host name. @default only with an own endpoint */
  readonly forcePathStyle?: boolean;
  /** Calls a bucket in its own region after S3 has said which one that is. @default false */
  readonly followRegionRedirects?: boolean;
  /** @default none */
  readonly userAgent?: string;
  readonly requestHandler?: {
    readonly requestTimeout?: number;
    readonly httpAgent?: Agent;
    readonly httpsAgent?: HttpsAgent;
  };
}

/**
 * A client of S3 in place of the SDK's, for the functions that transfer and for `sluice copy`. It has the calls that
 * they make, in the SDK's shape, and takes region, endpoint and credentials from the variables that Lambda sets, if it
 * is not given others. The SDK's client is half of what such a function loads.
 */
export class S3Client {
  readonly config;
  /** The calls of this client, see `commandsOf`. */
  readonly commands = commands;
  readonly #options: SmallClientConfig;
  readonly #stallSeconds: number;
  /** The regions of buckets that S3 has found elsewhere. */
  readonly #regions = new Map<string, string>();

  constructor(options: SmallClientConfig = {}) {
    const { credentials, requestHandler: { requestTimeout = 30_000, httpAgent, httpsAgent } = {} } = options;
    this.#stallSeconds = requestTimeout / 1_000;
    this.#options = options;
    const keys = async () =>
      typeof credentials === 'function' ? credentials() : (credentials ?? lambdaCredentials(process.env));
    this.config = {
      systemClockOffset: 0,
      requestHandler: { httpHandlerConfigs: () => ({ httpAgent, httpsAgent }) },
      credentials: keys,
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
    const call = command.call();
    const transport = stack.around('deserialize', async ({ request }) => ({
      response: await sendCall(request, {
        agents: await agentsOf(this),
        signal,
        stallSeconds: this.#stallSeconds,
        askFirst: false,
      }),
    }));
    const answered = async (request: SignedRequest) => {
      const { response } = await transport({ request: await this.#sign(request, call.bucket) });
      return response as SignedAnswer;
    };
    const signed: Handler = async ({ request }) => {
      const answer = await answered(request);
      const isElsewhere = this.#follow(call.bucket, answer);
      return { output: this.#read(command, isElsewhere ? await answered(this.#moved(request, call)) : answer) };
    };
    const whole = stack.around('retry', stack.around('serialize', stack.around('build', signed)));
    return (await whole({ request: this.#requestOf(call) })).output as O;
  }

  #regionOf(bucket: string): string {
    const region = this.#regions.get(bucket) ?? this.#options.region ?? process.env.AWS_REGION;
    if (!region)
      throw new Error('AWS_REGION is not set: a function reads its region from this variable, which Lambda sets');
    return region;
  }

  /** @returns whether S3 says that the bucket is in another region than the one that the request was signed for. */
  #follow(bucket: string, { statusCode, headers }: SignedAnswer): boolean {
    if (this.#options.followRegionRedirects !== true || !REDIRECTS.has(statusCode)) return false;
    const region = headers['x-amz-bucket-region'];
    // It becomes a part of the host name.
    if (region === undefined || !isRegion(region) || region === this.#regionOf(bucket)) return false;
    this.#regions.set(bucket, region);
    return true;
  }

  #requestOf(call: Call): SignedRequest {
    const { method, query = {}, headers = {}, body } = call;
    const { userAgent } = this.#options;
    const { host, ...place } = this.#placed(call);
    const agent = userAgent === undefined ? {} : { 'user-agent': userAgent };
    const given = Object.entries(headers).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return {
      method,
      ...place,
      query,
      headers: { host, ...agent, ...Object.fromEntries(given) },
      ...(body !== undefined && { body }),
    };
  }

  /** The same request to the place where the bucket is now known to be. */
  #moved(request: SignedRequest, call: Call): SignedRequest {
    const { host, ...place } = this.#placed(call);
    return { ...request, ...place, headers: { ...request.headers, host } };
  }

  #placed({ bucket, key = '' }: Call) {
    const { path, ...place } = placeOf(bucket, this.#regionOf(bucket), this.#options);
    const port = place.port === undefined ? '' : `:${place.port}`;
    return { ...place, path: path + keyPath(key), host: place.hostname + port };
  }

  async #sign(request: SignedRequest, bucket: string): Promise<SignedRequest> {
    const { headers, body } = request;
    const given = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const hashed = { 'x-amz-content-sha256': sha256(body ?? '') };
    const at = new Date(Date.now() + this.config.systemClockOffset);
    const scope = { region: this.#regionOf(bucket), service: 's3' };
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
    const { httpAgent, httpsAgent } = this.#options.requestHandler ?? {};
    httpAgent?.destroy();
    httpsAgent?.destroy();
  }
}

function sha256(body: string | Uint8Array): string {
  return hash('sha256', body, 'hex');
}
