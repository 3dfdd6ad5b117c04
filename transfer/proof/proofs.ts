import { createHash, type Hash } from 'node:crypto';
import { ProofFailedError } from '../errors.ts';
import type { Expect } from '../source/session.ts';
import type { StatedHash } from '../source/stated-hashes.ts';
import { crc32ToHex } from './crc32.ts';

/** The checks that an object passed, and the stated ones that were not made, with the reason. */
export interface Proofs {
  /** The names of the checks that held: `size`, `crc32`, `expect.sha256` and so on. */
  readonly held: string[];
  /** A sentence for each hash that was stated and not checked. */
  readonly notChecked: string[];
}

/** What is known about the stored bytes. */
export interface Found {
  readonly bytes: number;
  readonly crc: number;
  /** Present if one process has read all bytes in order. */
  readonly hashes: Hashes | undefined;
}

/** Hashes of a body in order. Only stated ones are computed, because sha256 costs a second a GiB. */
export class Hashes {
  readonly #hashes: Map<string, Hash>;
  readonly #digests = new Map<string, string>();

  constructor(algorithms: Iterable<string> | ReadonlyMap<string, Hash>) {
    this.#hashes =
      algorithms instanceof Map
        ? algorithms
        : new Map([...(algorithms as Iterable<string>)].map((name) => [name, createHash(name)]));
  }

  update(bytes: Uint8Array): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
  }

  /** Copies the state, to continue from it after a part that has to be sent again. */
  copy(): Hashes {
    return new Hashes(new Map([...this.#hashes].map(([name, hash]) => [name, hash.copy()])));
  }

  /** Hex; undefined for an algorithm that was not requested. Nothing can be added afterwards. */
  digest(algorithm: string): string | undefined {
    const known = this.#digests.get(algorithm);
    if (known !== undefined) return known;
    const digest = this.#hashes.get(algorithm)?.digest('hex');
    if (digest !== undefined) this.#digests.set(algorithm, digest);
    return digest;
  }
}

/** The algorithms to compute if all bytes pass in order. */
export function algorithmsOf(expect: Expect, stated: readonly StatedHash[]): Set<string> {
  const algorithms = new Set<string>();
  if (expect.sha256 !== undefined) algorithms.add('sha256');
  if (expect.md5 !== undefined) algorithms.add('md5');
  for (const { algorithm } of stated) if (algorithm !== 'crc32' && algorithm !== undefined) algorithms.add(algorithm);
  return algorithms;
}

/** Returns whether the expectation can be proven only by one process that reads every byte in order. */
export function needsOrder(expect: Expect): boolean {
  return expect.sha256 !== undefined || expect.md5 !== undefined;
}

/**
 * Compares every stated value with the computed one.
 *
 * @throws ProofFailedError on the first that differs.
 */
export function checkProofs(what: string, expect: Expect, stated: readonly StatedHash[], found: Found): Proofs {
  const proofs: Proofs = { held: [], notChecked: [] };
  const check = (name: string, expected: string | number | undefined, value: string | number | undefined) => {
    if (expected === undefined) return;
    const wanted = typeof expected === 'string' ? expected.toLowerCase() : expected;
    if (value === undefined) proofs.notChecked.push(`${name}: the parts were read out of order, in several requests`);
    else if (wanted !== value) throw new ProofFailedError(what, name, wanted, value);
    else proofs.held.push(name);
  };
  // The head has shown this before anything was read.
  if (expect.contentType !== undefined) proofs.held.push('expect.contentType');
  check('expect.bytes', expect.bytes, found.bytes);
  check('expect.crc32', expect.crc32, crc32ToHex(found.crc));
  check('expect.sha256', expect.sha256, found.hashes?.digest('sha256'));
  check('expect.md5', expect.md5, found.hashes?.digest('md5'));
  for (const { name, algorithm, hex, unusable } of stated) {
    if (algorithm === undefined) proofs.notChecked.push(`${name}: ${unusable}`);
    else if (algorithm === 'crc32') check(name, hex, crc32ToHex(found.crc));
    else check(name, hex, found.hashes?.digest(algorithm));
  }
  return proofs;
}
