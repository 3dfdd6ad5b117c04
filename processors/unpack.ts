import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { outputPrefix } from '#run/keys.ts';
import { NoInputObjectError } from './contract/open-input.ts';
import { defineProcessor, type Processor } from './contract/processor.ts';
import { optionsOf } from './contract/run-processor.ts';
import { allowedOf, countOrShare } from './table/count-or-share.ts';
import type { Archive } from './unpack/entry.ts';
import { outputName } from './unpack/entry-name.ts';
import { UnpackedFailedError } from './unpack/errors.ts';
import { Listing, type UnpackedEntry } from './unpack/listing.ts';
import { openArchive } from './unpack/open-archive.ts';
import { processObject } from './unpack/process-object.ts';
import { Room } from './unpack/room.ts';
import { MOST_ENTRIES, type Skipped, type WantedEntry, wantedEntries } from './unpack/wanted.ts';

const MIB = 1_048_576;
const ANY_BYTES = 'application/octet-stream';

/** The result for an archive. */
export type UnpackResult = {
  format: Archive['format'];
  /** Bytes of the archive as stored, and of its files. */
  bytes: number;
  unpackedBytes: number;
  /** Files that became objects, and how many of them failed in their processor. */
  unpacked: number;
  failed: number;
  /** Links, files of the operating system, and files that the option `only` excludes. */
  skipped: number;
  /** The first entries; `entries.jsonl` lists all, with the results of the processor. */
  entries: UnpackedEntry[];
  entriesCut: boolean;
  skippedSeen: Skipped[];
};

const options = z.strictObject({
  /** The processor for each unpacked object. It runs at once, within this item. */
  process: z
    .strictObject({
      processor: z.enum(PROCESSOR_NAMES).exclude(['unpack', 'scrape'], 'takes parquet or profile'),
      options: z.record(z.string(), z.json()).default({}),
    })
    .optional(),
  /** Patterns of the files to unpack, such as `*.csv`. */
  only: z.array(z.string().min(1).max(200)).max(50).default([]),
  maxEntries: z.int().min(1).max(MOST_ENTRIES).default(1_000),
  /** The item fails if the archive unpacks to more bytes in total. */
  maxUnpackedMiB: z.int().min(1).default(102_400),
  /** How many objects their processor may fail on: a number, or a share such as `"5%"`. */
  maxFailed: countOrShare('files').default(0),
});

/**
 * Unpacks an archive (ZIP, tar, gzip or zstd, one level) into an object for each file, and runs a processor on each.
 *
 * An archive in an archive stays an object. The item fails, with the name of the file, if a name leads out of the
 * archive or occurs twice, or if a file is encrypted, damaged or packed with another method than deflate. Links and
 * devices are skipped. All of this happens in one item: its time, memory and tries apply to the whole archive.
 *
 * @param loadProcessor loads the processor for the objects.
 */
export function unpackWith(loadProcessor: (name: string) => Promise<Processor> | undefined): Processor {
  return defineProcessor({
    name: 'unpack',
    options,
    async process(item, context): Promise<UnpackResult> {
      const { object } = item;
      if (object === undefined) throw new NoInputObjectError(`${item.name} is work, so it has no landed object`);
      const asked = item.options.process;
      const processor = asked && (await loadProcessor(asked.processor));
      // Wrong options are reported before anything is unpacked.
      if (processor !== undefined) optionsOf(processor, asked?.options);

      const folder = await mkdtemp(join(tmpdir(), 'sluice-unpack-'));
      let archive: Archive | undefined;
      try {
        // A third of the free disk each: for a ZIP archive, for one file of it, and for what its processor makes of the
        // file.
        const { bavail, bsize } = await statfs(folder);
        const diskBytes = Math.floor((bavail * bsize) / 3);
        archive = await openArchive(context.openInput(), item.name, folder, diskBytes);
        const room = new Room(object.bytes, item.options.maxUnpackedMiB * MIB);
        const listing = new Listing(context.output('entries.jsonl', 'application/x-ndjson'));
        const prefix = outputPrefix(item.runId, item.id, context.attempt);

        const unpackOne = async ({ path, entry }: WantedEntry): Promise<void> => {
          context.signal.throwIfAborted();
          const safe = outputName(path);
          const output = `${processor === undefined ? 'data' : 'objects'}/${safe}`;
          const file = join(folder, 'object');
          const before = room.bytes;
          const content = room.take(entry.open(), path, processor === undefined ? Number.POSITIVE_INFINITY : diskBytes);
          const copied = processor === undefined ? content : alsoInto(file, content);
          await pipeline(copied, context.output(output, ANY_BYTES), { signal: context.signal });
          const unpacked = { name: path, key: prefix + output, bytes: room.bytes - before };
          const processed =
            processor &&
            (await processObject(
              processor,
              asked?.options,
              item,
              {
                name: `${item.name}/${path}`,
                object: { bucket: object.bucket, key: unpacked.key, bytes: unpacked.bytes },
                file,
                outputs: `data/${safe}/`,
              },
              context,
            ));
          await rm(file, { force: true });
          await listing.add(unpacked, processed);
          context.progress({ files: listing.unpacked, bytes: room.bytes });
        };

        const wanted = wantedEntries(archive.entries, item.options, (skipped) => listing.skip(skipped));
        // If all files are known, each is checked before the first one is unpacked.
        for await (const one of archive.isKnown ? await Array.fromAsync(wanted) : wanted) await unpackOne(one);
        await listing.end();
        checkFailed(listing, item.options.maxFailed);
        const { unpacked, failed, skipped, first } = listing;
        return {
          format: archive.format,
          bytes: object.bytes,
          unpackedBytes: room.bytes,
          ...{ unpacked, failed, skipped, ...first },
        };
      } finally {
        archive?.close();
        await rm(folder, { recursive: true, force: true });
      }
    },
  });
}

/** Also writes the passing bytes into a file, which is complete when the stream has ended. */
async function* alsoInto(file: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  await using copy = await open(file, 'w');
  for await (const chunk of content) {
    await copy.writeFile(chunk);
    yield chunk;
  }
}

/** @throws UnpackedFailedError */
function checkFailed({ failed, unpacked, failures }: Listing, most: number | string): void {
  const allowed = allowedOf(most, unpacked);
  if (failed <= allowed) return;
  throw new UnpackedFailedError(
    `the processor failed on ${failed} of ${unpacked} unpacked files, by the option maxFailed ${allowed} may fail; the first: ${failures.join('; ')}`,
  );
}
