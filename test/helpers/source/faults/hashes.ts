import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { bodyViews, setHeader } from '../answer.ts';
import type { Fault } from '../fault.ts';

const base64 = (algorithm: string, views: Iterable<Buffer>) => {
  const hash = createHash(algorithm);
  for (const view of views) hash.update(view);
  return hash.digest('base64');
};

const crc32Base64 = (views: Iterable<Buffer>) => {
  let crc = 0;
  for (const view of views) crc = crc32(view, crc);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
};

const STATEMENTS = {
  /** Of what this answer carries: on a 206 the range. */
  'Content-MD5': (body, _whole) => base64('md5', body),
  'Content-Digest': (body, _whole) => `sha-256=:${base64('sha256', body)}:`,
  /** Of the whole representation, on a 206 too. */
  'Repr-Digest': (_body, whole) => `sha-256=:${base64('sha256', whole)}:`,
  Digest: (_body, whole) => `SHA-256=${base64('sha256', whole)}`,
  'x-goog-hash': (_body, whole) => `md5=${base64('md5', whole)}`,
  'x-amz-checksum-crc32': (_body, whole) => crc32Base64(whole),
  'x-amz-checksum-sha256': (_body, whole) => base64('sha256', whole),
  'x-ms-blob-content-md5': (_body, whole) => base64('md5', whole),
} as const satisfies Record<string, (body: Iterable<Buffer>, whole: Iterable<Buffer>) => string>;

export type HashHeader = keyof typeof STATEMENTS;

/**
 * States a hash, right or of other bytes; `more` are further headers, such as `x-goog-stored-content-encoding`.
 * `Content-MD5` and `Content-Digest` cover this answer's bytes, the others the whole file, on a 206 too. Each answer
 * computes its hash anew, so keep the files small.
 */
export function states(name: HashHeader, truth: 'right' | 'wrong', more: Readonly<Record<string, string>> = {}): Fault {
  return {
    name: `${truth} ${name}`,
    change: (answer, { file }) => {
      const wrong = [Buffer.from('other bytes')];
      const whole = bodyViews([{ seed: file.seed, from: 0, length: file.length }]);
      const value =
        truth === 'right' ? STATEMENTS[name](bodyViews(answer.body), whole) : STATEMENTS[name](wrong, wrong);
      setHeader(answer, name, value);
      for (const [other, text] of Object.entries(more)) setHeader(answer, other, text);
    },
  };
}
