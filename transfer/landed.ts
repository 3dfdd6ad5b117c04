import type { Proofs } from './proof/proofs.ts';

/** What a transfer came to. */
export interface Landed {
  /** `unchanged`: the source says that the object is what it would send. `skipped`: there was an object already. */
  readonly status: 'landed' | 'unchanged' | 'skipped';
  /** The object's. */
  readonly key: string;
  /** Of the object; for `skipped` of the one that was there. */
  readonly bytes: number;
  /** From the transfer's beginning, waits between processes included. */
  readonly seconds: number;
  /** 0 for one PutObject and where nothing was written. */
  readonly parts: number;
  /** Attempts beyond each first one, at the source and at S3. */
  readonly retries: number;
  /** The whole object's, hex; undefined where nothing was written. */
  readonly crc32: string | undefined;
  readonly proofs: Proofs;
  /** As the source's answer had it, strong or weak. */
  readonly sourceEtag: string | undefined;
  readonly sourceLastModified: string | undefined;
  readonly contentType: string | undefined;
  /** What was noticed and a reader should know, a sentence each. */
  readonly notes: string[];
}
