import type { Proofs } from './proof/proofs.ts';

/** The result of a transfer. */
export interface Landed {
  /** `unchanged`: the source answered that the object equals its file. `skipped`: an object existed already. */
  readonly status: 'landed' | 'unchanged' | 'skipped';
  /** The key of the object. */
  readonly key: string;
  /** The size of the object; for `skipped`, the size of the existing object. */
  readonly bytes: number;
  /** The time since the transfer's beginning, with waits between processes. */
  readonly seconds: number;
  /** 0 for one PutObject, and if nothing was written. */
  readonly parts: number;
  /** The number of attempts after the first ones, at the source and at S3. */
  readonly retries: number;
  /** The CRC-32 of the whole object, hex; undefined if nothing was written. */
  readonly crc32: string | undefined;
  /** What was checked. */
  readonly proofs: Proofs;
  /** The ETag in the source's answer, strong or weak. */
  readonly sourceEtag: string | undefined;
  /** The Last-Modified in the source's answer, as it was sent. */
  readonly sourceLastModified: string | undefined;
  /** The content type of the object. */
  readonly contentType: string | undefined;
  /** What the engine noticed and a reader should know, a sentence each. */
  readonly notes: string[];
}
