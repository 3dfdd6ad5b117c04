import { afterEach, describe, expect, it, vi } from 'vitest';
import { closeRun } from '#run/end/closing.ts';
import { finishRun } from '#run/end/finish.ts';
import { itemLineSchema, MOST_LINE_CHARACTERS } from '#run/end/manifest.ts';
import { pieceCount, writePiece } from '#run/end/pieces.ts';
import { readLines } from '#run/input/lines.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { listKeys, type Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import {
  endRun,
  failureRecord,
  landedRecord,
  putObject,
  resultRecord,
  sourceNamed,
  textOf,
  writePlan,
} from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const settled = { forced: false, reason: null };
afterEach(() => void vi.restoreAllMocks());

/** Eleven items, a batch each: done, failed and missing in turn. */
async function plannedRun(store: Store, runId: string) {
  const items = Array.from({ length: 11 }, (_, n) => sourceNamed(`k/${String(n).padStart(2, '0')}`));
  const plan = await writePlan(store, runId, items);
  for (const [n, item] of items.entries()) {
    if (n % 3 !== 1) await record(store, 'landed', landedRecord(runId, item, store.bucket));
    if (n % 3 === 0) await record(store, 'results', resultRecord(runId, item));
    if (n % 3 === 1) await record(store, 'failures', failureRecord(runId, item));
  }
  return { plan, items };
}

describe("the pieces of a run's end", () => {
  it.each([1, 2, 3, 11])(
    'the pieces add up to the same manifest and the same lines, in the order of the plan: %i',
    async (of) => {
      const store = await aws.store();
      const { plan, items } = await plannedRun(store, 'r');
      const closing = await closeRun(store, 'r', settled);
      // In whatever order they are written.
      for (let piece = of - 1; piece >= 0; piece--) await writePiece(store, plan, closing, { piece, of });
      const manifest = await finishRun(store, plan, { of });
      expect(manifest?.counts).toMatchObject({ items: 11, done: 4, failed: 4, missing: 3, landed: 7, processed: 4 });
      expect(manifest?.failed.map(({ name }) => name)).toEqual(['k/01', 'k/04', 'k/07', 'k/10']);
      expect(manifest?.bytes).toBe(70);
      const lines = (await textOf(store, runKeys('r').items)).trim().split('\n');
      expect(lines.map((line) => itemLineSchema.parse(JSON.parse(line)).item)).toEqual(items.map(({ id }) => id));
    },
  );

  it('the pieces are written once: a repeated call, or two at once, change nothing', async () => {
    const store = await aws.store();
    const { plan, items } = await plannedRun(store, 'r');
    const closing = await closeRun(store, 'r', settled);
    const both = await Promise.all([0, 1].map(() => writePiece(store, plan, closing, { piece: 0, of: 2 })));
    expect(both[0]).toEqual(both[1]);
    // A result after the piece was written is late, and doesn't change the piece.
    const late = items[1];
    if (late !== undefined) await record(store, 'results', resultRecord('r', late));
    expect(await writePiece(store, plan, closing, { piece: 0, of: 2 })).toEqual(both[0]);
  });

  it('the next closing writes the pieces again, after a redrive has opened the run', async () => {
    const store = await aws.store();
    const { plan, items } = await plannedRun(store, 'r');
    const first = await closeRun(store, 'r', settled);
    await writePiece(store, plan, first, { piece: 0, of: 1 });
    for (const item of items) await record(store, 'results', resultRecord('r', item));
    const next = { ...first, at: '2099-01-01T00:00:00.000Z' };
    expect((await writePiece(store, plan, next, { piece: 0, of: 1 })).counts).toMatchObject({ done: 11 });
  });

  it('DoneState writes the pieces that are missing, also those whose function died before its tally', async () => {
    const store = await aws.store();
    const { plan } = await plannedRun(store, 'r');
    const closing = await closeRun(store, 'r', settled);
    const { client } = store;
    const send = vi.spyOn(client, 'send');
    send.mockImplementation(((command: object) =>
      JSON.stringify(command).includes(runKeys('r').pieceTally(closing.at, 1)) &&
      command.constructor.name === 'PutObjectCommand'
        ? Promise.reject(new Error('died'))
        : client.constructor.prototype.send.call(client, command)) as typeof client.send);
    await writePiece(store, plan, closing, { piece: 0, of: 3 });
    await expect(writePiece(store, plan, closing, { piece: 1, of: 3 })).rejects.toThrow('died');
    send.mockRestore();
    expect((await finishRun(store, plan, { of: 3 }))?.counts).toMatchObject({ done: 4, failed: 4, missing: 3 });
    const lines = (await textOf(store, runKeys('r').items)).trim().split('\n');
    expect(lines).toHaveLength(11);
    // No tally names the lines of the call that died.
    const left = (await Array.fromAsync(listKeys(store, runKeys('r').ends))).filter((key) => key.endsWith('.jsonl'));
    expect(left).toHaveLength(4);
  });

  it('the pieces make no manifest if the run was opened again meanwhile', async () => {
    const store = await aws.store();
    const { plan } = await plannedRun(store, 'r');
    expect(await finishRun(store, plan)).toBeUndefined();
  });
});

describe('pieceCount', () => {
  it.each([
    { items: 1, batches: 1, pieces: 1 },
    { items: 20_000, batches: 400, pieces: 1 },
    { items: 20_001, batches: 401, pieces: 2 },
    { items: 1_000_000, batches: 20_000, pieces: 50 },
    { items: 1_000_000, batches: 1_000_000, pieces: 50 },
    { items: 40_000, batches: 1, pieces: 1 },
  ])('$items items in $batches batches make $pieces pieces', ({ pieces, ...plan }) => {
    expect(pieceCount(plan)).toBe(pieces);
  });
});

describe('an item with records that are too long, or that are not records', () => {
  it('an item with too long a record keeps its line without the long part, and the report stays readable', async () => {
    const store = await aws.store();
    const [long, huge, torn, last] = ['long', 'huge', 'torn', 'last'].map((key) => sourceNamed(key));
    if (!long || !huge || !torn || !last) throw new Error('no items');
    const plan = await writePlan(store, 'r', [long, huge, torn, last]);
    const outputs = Array.from({ length: 4_000 }, (_, n) => ({ key: `output/r/${n}-${'x'.repeat(230)}`, bytes: n }));
    const half = { filler: 'y'.repeat(MOST_LINE_CHARACTERS * 0.9) };
    for (const item of [long, last]) await record(store, 'landed', landedRecord('r', item, store.bucket));
    // A record within what is read, but with the landed one beside it more than a line.
    await record(store, 'results', { ...resultRecord('r', long), result: half });
    await record(store, 'landed', { ...landedRecord('r', huge, store.bucket), notes: ['z'.repeat(200_000)] });
    await record(store, 'results', { ...resultRecord('r', huge), outputs: [...outputs, ...outputs], result: half });
    await putObject(store.client, store.bucket, runKeys('r').record('results', torn.id), '{"v":');
    await record(store, 'results', resultRecord('r', last));
    const manifest = await endRun(store, plan, settled);
    expect(manifest.counts).toMatchObject({ done: 4, missing: 0 });

    const bytes = Buffer.from(await textOf(store, runKeys('r').items));
    const lines = await Array.fromAsync(readLines(chunked(bytes), MOST_LINE_CHARACTERS));
    const items = lines.map((line) => itemLineSchema.parse(JSON.parse(line)));
    expect(items.map(({ name }) => name)).toEqual(['long', 'huge', 'torn', 'last']);
    expect(items[0]).not.toHaveProperty('leftOut');
    expect(items[1]?.leftOut?.[0]).toContain(runKeys('r').record('results', huge.id));
    expect(items[2]?.leftOut?.[0]).toContain('is not JSON');
    expect(items[3]).toMatchObject({ status: 'done', result: { processor: 'profile' } });
    expect(await textOf(store, runKeys('r').report)).toContain('huge');
  });

  it('a line that would be too long names the fields that were left out', async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'r', [item]);
    const landed = { ...landedRecord('r', item, store.bucket), notes: ['n'.repeat(200_000)] };
    await record(store, 'landed', landed);
    const half = { filler: 'y'.repeat(MOST_LINE_CHARACTERS * 0.9) };
    await record(store, 'results', { ...resultRecord('r', item), result: half });
    await closeRun(store, 'r', settled);
    await finishRun(store, plan);
    const text = await textOf(store, runKeys('r').items);
    expect(text.length).toBeLessThanOrEqual(MOST_LINE_CHARACTERS);
    expect(itemLineSchema.parse(JSON.parse(text))).toMatchObject({
      landed: { notes: landed.notes },
      result: { result: null, outputs: [] },
      leftOut: [expect.stringContaining('too long for a line')],
    });
  });
});

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
