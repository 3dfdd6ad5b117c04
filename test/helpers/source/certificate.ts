import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  /** PEM. It is its own authority: give it to the client as `ca`. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface CertificateOptions {
  readonly dnsNames?: readonly string[];
  /** IPv4 addresses. */
  readonly addresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/**
 * A self-signed P-256 certificate for localhost and 127.0.0.1, made here so that no private key is checked in and none
 * expires. Node makes keys and signatures; the X.509 around them is the few DER structures of RFC 5280 below.
 */
export function selfSignedCertificate(options: CertificateOptions = {}): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const commonName = sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from('sluice test')));
  const name = sequence(der(0x31, commonName));
  const hour = 3_600_000;
  const notBefore = options.notBefore ?? new Date(Date.now() - hour);
  const notAfter = options.notAfter ?? new Date(Date.now() + 24 * hour);
  const names = [
    ...(options.dnsNames ?? ['localhost']).map((dns) => der(0x82, Buffer.from(dns))),
    ...(options.addresses ?? ['127.0.0.1']).map((ip) => der(0x87, Buffer.from(ip.split('.').map(Number)))),
  ];
  const subjectAltName = sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(...names)));
  const isAuthority = der(0x01, Buffer.from([0xff]));
  const basicConstraints = sequence(oid(0x55, 0x1d, 0x13), isAuthority, der(0x04, sequence(isAuthority)));
  // The first bit of a positive integer is 0.
  const serial = randomBytes(16);
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subjectAltName, basicConstraints)),
  );
  const signature = sign('sha256', toBeSigned, privateKey);
  const certificate = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function oid(...bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes));
}

/** UTCTime: good until 2049. */
function time(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}
