/** Where the objects of a bucket are called. */
export interface Place {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  /** Before the key: empty, or the bucket's name. */
  readonly path: string;
}

/** The domain of AWS in the partitions other than `aws` and its likes, by the beginnings of their regions. */
const DOMAINS: readonly [string, string][] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];

/** A name that can be a part of a host's name, and of one that a certificate of S3 is for. */
const ONE_LABEL = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

type Variables = Readonly<Record<string, string | undefined>>;

/** Returns whether a text can be the name of a region, and so a part of a host name. */
export function isRegion(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(text);
}

export interface PlaceOptions {
  /** @default the variables' own, else S3 of the region */
  readonly endpoint?: string | undefined;
  /** Puts the bucket into the path instead of the host name. @default only with an own endpoint */
  readonly forcePathStyle?: boolean | undefined;
}

/**
 * Finds a bucket by the variables that Lambda and AWS's tools set: an own endpoint with the bucket in the path, else S3
 * of the region, with FIPS or dual stack where they are asked for.
 */
export function placeOf(
  bucket: string,
  region: string,
  { endpoint, forcePathStyle }: PlaceOptions = {},
  env: Variables = process.env,
): Place {
  const ignored = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === 'true';
  const own = endpoint ?? (ignored ? undefined : env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL);
  if (own) {
    const { protocol, hostname, port, pathname } = new URL(own);
    return {
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: `${pathname.replace(/\/$/, '')}/${bucket}`,
    };
  }
  const [, domain = 'amazonaws.com'] = DOMAINS.find(([beginning]) => region.startsWith(beginning)) ?? [];
  const service = env.AWS_USE_FIPS_ENDPOINT === 'true' ? 's3-fips' : 's3';
  const stack = env.AWS_USE_DUALSTACK_ENDPOINT === 'true' ? '.dualstack' : '';
  const host = `${service}${stack}.${region}.${domain}`;
  return ONE_LABEL.test(bucket) && forcePathStyle !== true
    ? { protocol: 'https:', hostname: `${bucket}.${host}`, path: '' }
    : { protocol: 'https:', hostname: host, path: `/${bucket}` };
}
