import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What signs a request. */
export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** What one profile says in AWS's two files, without the keys of other profiles. */
export type ProfileSettings = Readonly<Record<string, string | undefined>>;

/**
 * Reads what AWS's two files say about a profile. Without files it reads, and loads, nothing.
 *
 * @param profile by default the one of AWS_PROFILE, or `default`.
 */
export async function profileSettings(profile: string | undefined, env = process.env): Promise<ProfileSettings> {
  const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, AWS_PROFILE, HOME, USERPROFILE } = env;
  // The same folder as the SDK's: Windows itself does not use HOME.
  const folder = join(HOME || USERPROFILE || homedir(), '.aws');
  const files = [AWS_CONFIG_FILE || join(folder, 'config'), AWS_SHARED_CREDENTIALS_FILE || join(folder, 'credentials')];
  if (!files.some((file) => existsSync(file))) return {};
  const { loadSharedConfigFiles } = await import('@smithy/core/config');
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  const name = profile || AWS_PROFILE || 'default';
  return { ...credentialsFile[name], ...configFile[name] };
}

/**
 * Finds the region as AWS's tools do if no variable names one: in the profile, then on the machine.
 *
 * @throws Error "Region is missing" if nothing names one.
 */
export async function regionOf(profile: string | undefined): Promise<string> {
  const { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } = await import(
    '@smithy/core/config'
  );
  const from = { ...NODE_REGION_CONFIG_FILE_OPTIONS, ...(profile !== undefined && { profile }) };
  return loadConfig(NODE_REGION_CONFIG_OPTIONS, from)();
}

/**
 * Finds the credentials as AWS's tools do: a profile with its keys, its role or its single sign-on; the keys of the
 * variables; the web identity, the container or the machine. Only the keys of the variables need no code of the SDK.
 *
 * @param region in which STS gives the keys of a role, if the profile names no other.
 * @returns a function that returns them, and gets new ones before they expire.
 * @throws CredentialsProviderError if there are none.
 */
export async function credentialsOf(
  profile: string | undefined,
  region: string | undefined,
  env = process.env,
): Promise<() => Promise<Keys>> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE } = env;
  // A profile goes before keys, also one that only a variable names.
  if (!profile && !AWS_PROFILE && AWS_ACCESS_KEY_ID && AWS_SECRET_ACCESS_KEY) {
    const keys = {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    };
    return async () => keys;
  }
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const ofProfile = profile === undefined ? {} : { profile };
  const parentClientConfig = { ...ofProfile, ...(region !== undefined && { region: async () => region }) };
  // Beside keys in variables, the SDK warns for ten lines that it takes the profile. With --profile, the person wants this.
  const logger = profile === undefined ? {} : { logger: SILENT };
  const provider = defaultProvider({ ...ofProfile, parentClientConfig, ...logger });
  await provider();
  return provider;
}
