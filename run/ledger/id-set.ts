/** An id is 128 bits as hex. */
const ID_BYTES = 16;

/**
 * A set of item ids, 16 bytes each. A million ids take 16 MB; as strings in a `Set` they took 133 MB.
 *
 * Add each id only once. Ids in ascending order, as S3 lists them, cost nothing more. Other ids are sorted at the first
 * search.
 */
export class IdSet {
  readonly #shards = new Map<string, SortedIds>();

  get size(): number {
    return this.#shards.values().reduce((sum, ids) => sum + ids.size, 0);
  }

  /** @throws RangeError if the text is not an item's id. */
  add(id: string): void {
    const shard = id.charAt(0);
    const ids = this.#shards.get(shard) ?? new SortedIds();
    this.#shards.set(shard, ids);
    ids.add(id);
  }

  has(id: string): boolean {
    return this.#shards.get(id.charAt(0))?.has(id) ?? false;
  }
}

class SortedIds {
  #isSorted = true;
  #bytes = Buffer.alloc(64 * ID_BYTES);
  size = 0;

  add(id: string): void {
    const end = this.size * ID_BYTES;
    if (end === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(end)]);
    if (this.#bytes.write(id, end, 'hex') !== ID_BYTES) throw new RangeError(`${id} is not the id of an item`);
    const last = this.#bytes.subarray(end, end + ID_BYTES);
    if (this.size > 0 && this.#compare(this.size - 1, last) > 0) this.#isSorted = false;
    this.size += 1;
  }

  has(id: string): boolean {
    if (!this.#isSorted) this.#sort();
    const wanted = Buffer.from(id, 'hex');
    let from = 0;
    let to = this.size;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const order = this.#compare(middle, wanted);
      if (order === 0) return true;
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    return false;
  }

  #sort(): void {
    const ids = Array.from({ length: this.size }, (_, n) =>
      this.#bytes.toString('hex', n * ID_BYTES, (n + 1) * ID_BYTES),
    );
    for (const [n, id] of ids.sort().entries()) this.#bytes.write(id, n * ID_BYTES, 'hex');
    this.#isSorted = true;
  }

  /** Returns a number below 0 if the id at an index is less. */
  #compare(index: number, id: Uint8Array): number {
    const at = index * ID_BYTES;
    return this.#bytes.compare(id, 0, id.length, at, at + ID_BYTES);
  }
}
