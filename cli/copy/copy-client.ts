import type { S3Client } from '@aws-sdk/client-s3';
import { S3Client as SmallClient } from '#transfer/s3/small/client.ts';
import { type Keys, type ProfileSettings, profileSettings } from './aws-settings.ts';

/** How to reach the S3 server of a copy. */
export interface CopyServer {
  /** From the command line. The variables' own is found by the client. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: () => Promise<Keys>;
  readonly profile: string | undefined;
  /** Puts the bucket into the path instead of the host name. */
  readonly pathStyle: boolean;
}

/** Settings of a profile that decide where and how S3 is called, and that only the SDK's client follows. */
const ONLY_SDK = [
  'auth_scheme_preference',
  'endpoint_url',
  'ignore_configured_endpoint_urls',
  'services',
  'sigv4a_signing_region_set',
  'use_dualstack_endpoint',
  'use_fips_endpoint',
] as const;

/**
 * Makes the client of S3 for `sluice copy`: the engine's small one, because the SDK's needs 20 MiB and a tenth of a
 * second of CPU more. Rare cases get the SDK's client, which is then loaded: directory buckets of S3 Express and buckets of
 * Outposts, names such as `fips-us-east-1` in place of a region, and a profile with an own endpoint.
 */
export async function copyClient(bucket: string, server: CopyServer): Promise<S3Client> {
  const { endpoint, region, credentials, profile, pathStyle } = server;
  const config = {
    ...(endpoint !== undefined && { endpoint }),
    region,
    credentials,
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
  };
  if (needsSdk(bucket, region, await profileSettings(profile))) {
    const { S3Client } = await import('@aws-sdk/client-s3');
    return new S3Client(config);
  }
  // It has the parts of the SDK's client that the engine uses, and `destroy`.
  return new SmallClient({ ...config, userAgent: 'sluice' }) as unknown as S3Client;
}

function needsSdk(bucket: string, region: string, settings: ProfileSettings): boolean {
  const { AWS_AUTH_SCHEME_PREFERENCE, AWS_SIGV4A_SIGNING_REGION_SET } = process.env;
  return (
    /--[a-z]+-s3$/.test(bucket) ||
    /^(?:fips-.*|.*-fips|aws-.*)$/.test(region) ||
    ONLY_SDK.some((name) => settings[name] !== undefined) ||
    Boolean(AWS_AUTH_SCHEME_PREFERENCE || AWS_SIGV4A_SIGNING_REGION_SET)
  );
}
