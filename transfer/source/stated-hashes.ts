import { contentRangeOf, type SourceHead } from './answer.ts';

/** A hash that a source's answer states for the whole representation, or why it can't be used. */
export interface StatedHash {
  /** The name in records, such as `content-md5` or `x-goog-hash md5`. */
  readonly name: string;
  /** The name in node:crypto, or `crc32`; undefined if it can't be checked. */
  readonly algorithm: 'md5' | 'sha1' | 'sha256' | 'sha512' | 'crc32' | undefined;
  readonly hex: string;
  readonly unusable?: string;
}

/**
 * The limit for a header with hashes. The longest hash has 88 characters; more than a dozen hashes are not plausible.
 */
const MOST_CHARACTERS = 1_024;

const SIZES = { md5: 16, sha1: 20, sha256: 32, sha512: 64, crc32: 4 } as const;
type Algorithm = keyof typeof SIZES;

/** RFC 9530 and RFC 3230 names. */
const DIGEST_NAMES: Readonly<Record<string, Algorithm>> = {
  md5: 'md5',
  sha: 'sha1',
  'sha-1': 'sha1',
  'sha-256': 'sha256',
  'sha-512': 'sha512',
};

/**
 * What a header's hash covers: the answer's own content (the whole file only if the answer is whole), or always the
 * whole file.
 */
type Covers = 'content' | 'whole';

/** Each header that states a hash, what it covers and its syntax. */
const HEADERS: readonly { header: string; covers: Covers; read: (value: string, head: SourceHead) => StatedHash[] }[] =
  [
    { header: 'content-md5', covers: 'content', read: (value) => [base64('content-md5', 'md5', value)] },
    { header: 'content-digest', covers: 'content', read: (value) => structured('content-digest', value) },
    { header: 'repr-digest', covers: 'whole', read: (value) => structured('repr-digest', value) },
    { header: 'digest', covers: 'whole', read: (value) => pairs('digest', value) },
    {
      header: 'x-ms-blob-content-md5',
      covers: 'whole',
      read: (value) => [base64('x-ms-blob-content-md5', 'md5', value)],
    },
    { header: 'x-goog-hash', covers: 'whole', read: googleHashes },
    { header: 'x-amz-checksum-crc32', covers: 'whole', read: (value) => amazon('crc32', value) },
    { header: 'x-amz-checksum-sha1', covers: 'whole', read: (value) => amazon('sha1', value) },
    { header: 'x-amz-checksum-sha256', covers: 'whole', read: (value) => amazon('sha256', value) },
    { header: 'x-amz-checksum-crc32c', covers: 'whole', read: () => [noSuch('x-amz-checksum-crc32c')] },
    { header: 'x-amz-checksum-crc64nvme', covers: 'whole', read: () => [noSuch('x-amz-checksum-crc64nvme')] },
  ];

/** Returns all hashes that an answer states for the whole body as it is served. */
export function statedHashes(head: SourceHead): StatedHash[] {
  return HEADERS.flatMap(({ header, covers, read }) => {
    const value = head.headers[header];
    if (value === undefined || value.length > MOST_CHARACTERS) return [];
    // For a part, it is the hash of that part: correct, but useless for the whole.
    if (covers === 'content' && !isWhole(head)) return [];
    return read(value, head);
  });
}

/** A file that is no longer than the probe's range comes whole, as a 206. */
function isWhole(head: SourceHead): boolean {
  if (head.status !== 206) return true;
  const range = contentRangeOf(head);
  return range?.first === 0 && range.last + 1 === range.total;
}

function base64(name: string, algorithm: Algorithm, value: string): StatedHash {
  const bytes = Buffer.from(value.trim(), 'base64');
  if (bytes.length !== SIZES[algorithm])
    return { name, algorithm: undefined, hex: '', unusable: 'it has the wrong length' };
  return { name, algorithm, hex: bytes.toString('hex') };
}

/** `sha-256=:base64:, md5=:base64:` */
function structured(name: string, value: string): StatedHash[] {
  return [...value.matchAll(/([A-Za-z0-9-]+)\s*=\s*:([^:]*):/g)].map(([, label = '', text = '']) =>
    named(name, label, text),
  );
}

/** `SHA-256=base64,md5=base64` */
function pairs(name: string, value: string): StatedHash[] {
  return value.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [named(name, pair.slice(0, at).trim(), pair.slice(at + 1))];
  });
}

function named(header: string, label: string, text: string): StatedHash {
  const algorithm = DIGEST_NAMES[label.toLowerCase()];
  const name = `${header} ${label.toLowerCase()}`;
  return algorithm === undefined ? noSuch(name) : base64(name, algorithm, text);
}

/** Google hashes the stored bytes; if it decodes them for the answer, the hash does not match the served bytes. */
function googleHashes(value: string, head: SourceHead): StatedHash[] {
  const stored = head.headers['x-goog-stored-content-encoding']?.trim().toLowerCase();
  return pairs('x-goog-hash', value).map((hash) =>
    hash.algorithm !== undefined && stored !== 'identity'
      ? { ...hash, algorithm: undefined, unusable: 'the stored encoding is not said to be identity' }
      : hash,
  );
}

/** `-N` at its end: a hash of the parts' hashes, which can only be checked if the parts are known. */
function amazon(algorithm: Algorithm, value: string): StatedHash[] {
  return /-\d+\s*$/.test(value) ? [] : [base64(`x-amz-checksum-${algorithm}`, algorithm, value)];
}

function noSuch(name: string): StatedHash {
  return { name, algorithm: undefined, hex: '', unusable: 'this hash is not supported' };
}
