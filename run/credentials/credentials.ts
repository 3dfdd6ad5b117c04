import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import type { SourceGuard } from '#net/guard/source-guard.ts';
import { redactUrl } from '#net/redact.ts';
import { type Authorization, PermanentTransferError } from '#transfer/index.ts';
import { parseJson } from '../input/json-text.ts';
import { type CredentialGrant, isGranted } from './credential-grant.ts';
import type { CredentialFields, CredentialReference } from './credential-reference.ts';
import { TokenCache } from './oauth-tokens.ts';
import type { parameterReader } from './parameter-reader.ts';
import type { secretReader } from './secret-reader.ts';

/**
 * A credential can't be read, does not match its reference, or may not be sent to this host. The message names the
 * reference, never a value.
 */
export class CredentialError extends PermanentTransferError {
  override readonly name = 'CredentialError';
}

/** A cached credential is read again after this time, so a rotated secret is noticed. */
const KEPT_MILLISECONDS = 300_000;

/** The fields of a planned source that this module needs. */
export type Credentialed = CredentialFields & { readonly url: string };

/**
 * The credentials of sources, in the memory of one process. They are read when a transfer needs them, kept for five
 * minutes, and never written anywhere.
 *
 * Powertools' Parameters would not do: it reads a secret once for each of several transfers that begin together, and
 * it throws its own error instead of AWS's, whose name says whether another try can help.
 */
export class Credentials {
  readonly #grants: readonly CredentialGrant[];
  readonly #config: SecretsManagerClientConfig;
  readonly #kept = new Map<string, { readonly until: number; readonly text: Promise<string> }>();
  readonly #tokens: TokenCache;
  #readSecret: ReturnType<typeof secretReader> | undefined;
  #readParameter: ReturnType<typeof parameterReader> | undefined;

  /** @param config of the AWS clients. @default the process's environment */
  constructor(
    grants: readonly CredentialGrant[],
    guard: SourceGuard,
    config: Pick<SecretsManagerClientConfig, 'endpoint' | 'region' | 'credentials'> = {},
  ) {
    this.#grants = grants;
    this.#config = config;
    this.#tokens = new TokenCache(guard);
  }

  /**
   * Returns the function that the engine calls before each request to a source, or undefined if the source has no
   * credentials. The function throws CredentialError, TokenError, TokenUnavailableError, or the error that AWS answers.
   */
  authorizer(item: Credentialed): (() => Promise<Authorization>) | undefined {
    const { basicAuth, oauth2, query = {}, headers = {} } = item;
    const references = Object.entries(headers).filter(
      (entry): entry is [string, CredentialReference] => typeof entry[1] !== 'string',
    );
    if (basicAuth === undefined && oauth2 === undefined && Object.keys(query).length + references.length === 0)
      return undefined;
    const url = new URL(item.url);
    const resolved = (value: string | CredentialReference) => this.#valueOf(value, [url]);
    return async () => {
      const given: { headers: Record<string, string>; query: Record<string, string> } = { headers: {}, query: {} };
      for (const [name, value] of Object.entries(query)) given.query[name] = await resolved(value);
      for (const [name, reference] of references)
        given.headers[name] = headerValue(await resolved(reference), reference);
      if (basicAuth !== undefined) {
        const pair = `${await resolved(basicAuth.username)}:${await resolved(basicAuth.password)}`;
        given.headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
      }
      if (oauth2 !== undefined) given.headers.authorization = `Bearer ${await this.#token(oauth2, url)}`;
      return given;
    };
  }

  async #token(oauth2: NonNullable<CredentialFields['oauth2']>, url: URL): Promise<string> {
    const { tokenUrl, clientId, clientSecret, scope, audience, clientAuthentication } = oauth2;
    // The token gives access to the source as the secret does. So the secret must be granted for both hosts.
    const places = [new URL(tokenUrl), url];
    return this.#tokens.token({
      tokenUrl,
      clientId: await this.#valueOf(clientId, places),
      clientSecret: await this.#valueOf(clientSecret, places),
      scope,
      audience,
      clientAuthentication,
    });
  }

  async #valueOf(value: string | CredentialReference, places: readonly URL[]): Promise<string> {
    if (typeof value === 'string') return value;
    const forbidden = places.find((place) => !isGranted(this.#grants, value, place));
    if (forbidden !== undefined) {
      throw new CredentialError(
        `${nameOf(value)} may not be sent to ${redactUrl(forbidden.origin)}: grant it for that host in the setting sources.credentials`,
      );
    }
    const text = await this.#text(value);
    return `${value.prefix ?? ''}${value.field === undefined ? text.trim() : fieldOf(text, value.field, nameOf(value))}`;
  }

  #text(reference: CredentialReference): Promise<string> {
    const name = nameOf(reference);
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > Date.now()) return kept.text;
    const text = this.#fetch(reference).catch((error: unknown) => {
      this.#kept.delete(name);
      throw refusal(name, error);
    });
    this.#kept.set(name, { until: Date.now() + KEPT_MILLISECONDS, text });
    return text;
  }

  async #fetch(reference: CredentialReference): Promise<string> {
    // The readers are loaded with the first reference: most functions never need them, and loading them would slow down
    // each cold start.
    if ('secret' in reference) {
      const { secretReader } = await import('./secret-reader.ts');
      this.#readSecret ??= secretReader(this.#config);
      const text = await this.#readSecret(reference.secret);
      if (text === undefined) throw new CredentialError(`${nameOf(reference)} is not text`);
      return text;
    }
    const { parameterReader } = await import('./parameter-reader.ts');
    this.#readParameter ??= parameterReader(this.#config);
    return this.#readParameter(reference.parameter);
  }
}

function nameOf(reference: CredentialReference): string {
  return 'secret' in reference ? `secret ${reference.secret}` : `parameter ${reference.parameter}`;
}

/**
 * @throws CredentialError. It must not quote the text, and must not have a parser's error as its cause, because that
 * error quotes the text.
 */
function fieldOf(text: string, field: string, name: string): string {
  const parsed = parseJson(text);
  if (parsed === undefined) throw new CredentialError(`${name} is not a JSON object, so it has no field "${field}"`);
  const value: unknown =
    typeof parsed === 'object' && parsed !== null && Object.hasOwn(parsed, field)
      ? (parsed as Record<string, unknown>)[field]
      : undefined;
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new CredentialError(`${name} has no field "${field}" with a text`);
  }
  return String(value);
}

function headerValue(text: string, from: CredentialReference): string {
  // Node quotes an invalid header value in its error. This check comes first, so that the value is not quoted.
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  throw new CredentialError(`${nameOf(from)} contains characters that a header can't contain`);
}

const FOR_GOOD = new Set([
  'ResourceNotFoundException',
  'ParameterNotFound',
  'AccessDeniedException',
  'InvalidRequestException',
  'InvalidParameterException',
  'DecryptionFailure',
  'ValidationException',
]);

function refusal(name: string, error: unknown): unknown {
  const why = error instanceof Error ? error.name : '';
  if (!FOR_GOOD.has(why)) return error;
  return new CredentialError(
    `${name} can't be read (${why}): check that it exists and that the setting sources.credentials grants it`,
  );
}
