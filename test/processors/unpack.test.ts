import { randomBytes } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type TestRun, testProcessor } from '#processors/contract/testing.ts';
import { loadProcessor } from '#processors/index.ts';
import { Room } from '#processors/unpack/room.ts';
import { type UnpackResult, unpackWith } from '#processors/unpack.ts';
import { tar, type ZipMember, zip } from '#test/helpers/archives.ts';

const unpack = unpackWith(loadProcessor);
const run = (object: Buffer, options: Record<string, unknown> = {}, name = 'in/data.zip') =>
  testProcessor<UnpackResult>(unpack, { object, options, name });

/** The unpacked objects as texts, by their outputs' names, without the list. */
function textsOf({ outputs }: TestRun<UnpackResult>): Record<string, string> {
  const files = [...outputs].filter(([name]) => name !== 'entries.jsonl');
  return Object.fromEntries(files.map(([name, { content }]) => [name, content.toString()]));
}

function listOf({ outputs }: TestRun<UnpackResult>): Record<string, unknown>[] {
  const lines = outputs.get('entries.jsonl')?.content.toString().split('\n') ?? [];
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}

const failureOf = async (object: Buffer, options: Record<string, unknown> = {}, name?: string): Promise<string> =>
  run(object, options, name).then(
    () => 'no failure',
    (error: Error) => `${error.name}: ${error.message}`,
  );

const README: ZipMember = { name: 'README.txt', content: 'read me' };
const TABLE = 'id,name\n1,ann\n2,bob\n';

describe('an archive becomes an object for each file', () => {
  it('a ZIP becomes an object for each file, with its folders', async () => {
    const found = await run(zip(README, { name: 'a/', content: '' }, { name: 'a/b/t.csv', content: TABLE }));
    expect(textsOf(found)).toEqual({ 'data/README.txt': 'read me', 'data/a/b/t.csv': TABLE });
    expect(found.result).toMatchObject({ format: 'zip', unpacked: 2, failed: 0, skipped: 0, unpackedBytes: 27 });
    const keys = ['README.txt', 'a/b/t.csv'].map((name) => `output/test-run/${'0'.repeat(32)}/1/data/${name}`);
    expect(found.result.entries).toEqual([
      { name: 'README.txt', key: keys[0], bytes: 7 },
      { name: 'a/b/t.csv', key: keys[1], bytes: TABLE.length },
    ]);
    expect(listOf(found)).toEqual(found.result.entries);
  });

  it.each<[string, Omit<ZipMember, 'name' | 'content'>]>([
    ['stored', { stored: true }],
    ['with sizes behind the bytes', { descriptor: true }],
    ['of Zip64', { zip64: true }],
    ['stored, of Zip64', { zip64: true, stored: true }],
  ])('a ZIP that is %s becomes objects', async (_name, how) => {
    const content = randomBytes(200_000);
    const found = await run(zip({ name: 'one', content, ...how }, { name: 'empty', content: '', ...how }));
    expect(found.outputs.get('data/one')?.content.equals(content)).toBe(true);
    expect(found.result.entries.map(({ bytes }) => bytes)).toEqual([200_000, 0]);
  });

  it.each<[string, ZipMember['name'], boolean, string, string]>([
    ['UTF-8', 'Köln ü.csv', true, 'Köln ü.csv', 'data/K%C3%B6ln%20%C3%BC.csv'],
    ['CP437', Buffer.from('K\x94ln.csv', 'latin1'), false, 'Köln.csv', 'data/K%C3%B6ln.csv'],
    ['with backslashes', 'a\\b.csv', true, 'a/b.csv', 'data/a/b.csv'],
    ['that S3 and shells take for more', "50%?*'.csv", true, "50%?*'.csv", 'data/50%25%3F%2A%27.csv'],
    ['that begins with a dot', './a//.env', true, 'a/.env', 'data/a/%2Eenv'],
  ])('a file becomes an object under a name in %s', async (_kind, name, isUtf8, path, output) => {
    const found = await run(zip({ name, isUtf8, content: 'x' }));
    expect(found.result.entries[0]?.name).toBe(path);
    expect(textsOf(found)).toEqual({ [output]: 'x' });
  });

  it.each<[string, (tar: Buffer) => Buffer, string]>([
    ['tar', (plain) => plain, 'x.tar'],
    ['tar.gz', gzipSync, 'x.tgz'],
    ['tar.zst', zstdCompressSync, 'x.tar.zst'],
  ])('a %s becomes objects, with long names and names in UTF-8', async (_kind, packed, name) => {
    const long = `${'folder/'.repeat(30)}long.csv`;
    const plain = await tar(
      { name: 'a', type: 'directory' },
      { name: './a/t.csv', content: TABLE },
      { name: 'Köln.csv', content: 'x' },
      { name: long, content: 'y' },
    );
    const found = await run(packed(plain), {}, name);
    expect(textsOf(found)).toEqual({ 'data/a/t.csv': TABLE, 'data/K%C3%B6ln.csv': 'x', [`data/${long}`]: 'y' });
    expect(found.result).toMatchObject({ format: 'tar', unpacked: 3 });
  });

  it('a tar from before POSIX, which only its checksum identifies, becomes objects', async () => {
    const archive = await tar({ name: 'old.csv', content: TABLE });
    archive.fill(0, 257, 265);
    archive.write('        ', 148);
    const sum = archive.subarray(0, 512).reduce((all, byte) => all + byte, 0);
    archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    expect(textsOf(await run(archive))).toEqual({ 'data/old.csv': TABLE });
  });

  it.each([
    ['in/t.csv.gz', 'gzip', gzipSync, 'data/t.csv'],
    ['t.csv.zst', 'zstd', zstdCompressSync, 'data/t.csv'],
    ['no-ending', 'gzip', gzipSync, 'data/no-ending'],
    ['.gz', 'gzip', gzipSync, 'data/%2Egz'],
  ])('one compressed file becomes an object: %s', async (name, format, packed, output) => {
    const found = await run(packed(Buffer.from(TABLE)), {}, name);
    expect(found.result).toMatchObject({ format, unpacked: 1 });
    expect(textsOf(found)).toEqual({ [output]: TABLE });
  });

  it('a ZIP in a gzip becomes one object, because only one level is unpacked', async () => {
    const inner = zip(README);
    const found = await run(zip({ name: 'inner.zip', content: inner }, { name: 't.csv.gz', content: gzipSync(TABLE) }));
    expect(found.outputs.get('data/inner.zip')?.content.equals(inner)).toBe(true);
    expect([...found.outputs.keys()]).toContain('data/t.csv.gz');
    expect(textsOf(await run(gzipSync(inner), {}, 'x.zip.gz'))).toHaveProperty(['data/x.zip']);
  });

  it('an archive without files becomes no object', async () => {
    expect((await run(zip())).result).toMatchObject({ unpacked: 0, entries: [] });
  });
});

describe('unwanted files of an archive', () => {
  it('links, devices and files of operating systems are skipped by name', async () => {
    const found = await run(
      zip(
        { name: 't.csv', content: TABLE },
        { name: 'link', content: '/etc/passwd', mode: 0o120777 },
        { name: '__MACOSX/._t.csv', content: 'x' },
        { name: 'a/.DS_Store', content: 'x' },
      ),
    );
    expect(Object.keys(textsOf(found))).toEqual(['data/t.csv']);
    expect(found.result).toMatchObject({ unpacked: 1, skipped: 3 });
    expect(found.result.skippedSeen).toEqual([
      { name: 'link', reason: 'a symbolic link' },
      { name: '__MACOSX/._t.csv', reason: 'a file of the operating system' },
      { name: 'a/.DS_Store', reason: 'a file of the operating system' },
    ]);
    expect(listOf(found)[0]).toEqual({ name: 'link', skipped: 'a symbolic link' });
  });

  it('unwanted files are skipped in a tar', async () => {
    const archive = await tar(
      { name: 'soft', type: 'symlink', linkname: '../../etc/passwd' },
      { name: 't.csv', content: TABLE },
      { name: 'hard', type: 'link', linkname: 't.csv' },
      { name: 'pipe', type: 'fifo' },
      { name: 'dev', type: 'block-device', devmajor: 1, devminor: 2 },
      { name: 'holes', pax: { 'GNU.sparse.major': '1' }, content: 'x' },
      { name: 'last.csv', content: TABLE },
    );
    const found = await run(archive);
    expect(Object.keys(textsOf(found))).toEqual(['data/t.csv', 'data/last.csv']);
    expect(found.result.skippedSeen.map(({ reason }) => reason)).toEqual([
      'a symbolic link',
      'a hard link',
      'a pipe',
      'a device',
      'a sparse file',
    ]);
  });

  it('the option only skips files, by the name or by the whole path', async () => {
    const archive = zip(README, { name: 'a/t.csv', content: TABLE }, { name: 'b/t.csv', content: TABLE });
    expect(Object.keys(textsOf(await run(archive, { only: ['*.csv'] })))).toEqual(['data/a/t.csv', 'data/b/t.csv']);
    expect(Object.keys(textsOf(await run(archive, { only: ['a/**', '*.txt'] })))).toEqual([
      'data/README.txt',
      'data/a/t.csv',
    ]);
    expect(await failureOf(archive, { only: ['*.tsv'] })).toBe(
      'NothingUnpackedError: the archive has files (3), but none is to be unpacked by the option only: *.tsv',
    );
  });
});

describe('each unpacked object gets its processor', () => {
  const archive = zip(
    { name: 'a/t.csv', content: TABLE },
    { name: 'u.csv', content: 'x;y\n1;2,5\n2;3,5\n3\n' },
    { name: 'notes.csv', content: '<!doctype html><p>none' },
  );

  it('the item fails with the names of files on which the processor fails, and stores nothing of it', async () => {
    expect(await failureOf(archive, { process: { processor: 'parquet' } })).toMatch(
      /^UnpackedFailedError: the processor failed on 1 of 3 unpacked files, by the option maxFailed 0 may fail; the first: notes\.csv: NoTableError: the content is HTML/,
    );
  });

  it('the outputs of each unpacked object are in a folder of its own, and its results in the list', async () => {
    const options = { process: { processor: 'parquet', options: { keepBadRows: 5 } }, maxFailed: '50%' };
    const found = await run(archive, options);
    expect([...found.outputs.keys()].sort()).toEqual([
      'data/a/t.csv/data.parquet',
      'data/u.csv/data.parquet',
      'data/u.csv/rejects.jsonl',
      'entries.jsonl',
      'objects/a/t.csv',
      'objects/notes.csv',
      'objects/u.csv',
    ]);
    expect(found.result).toMatchObject({ unpacked: 3, failed: 1 });
    const list = listOf(found);
    expect(list[0]).toMatchObject({ name: 'a/t.csv', result: { rows: 2, badRows: 0 } });
    expect(list[1]).toMatchObject({ name: 'u.csv', result: { rows: 2, badRows: 1, delimiter: ';' } });
    expect(list[2]).toMatchObject({ name: 'notes.csv', error: { name: 'NoTableError' } });
    expect(found.result.entries[2]?.failed).toMatch(/^NoTableError: /);
  });

  it('each file of a tar gets the processor too', async () => {
    const found = await run(await tar({ name: 'one.csv', content: TABLE }, { name: 'two.csv', content: TABLE }), {
      process: { processor: 'profile' },
    });
    expect(listOf(found).map(({ result }) => (result as { rows: number }).rows)).toEqual([2, 2]);
  });

  it('wrong options of the processor are reported before anything is unpacked', async () => {
    const options = { process: { processor: 'parquet', options: { rowGroups: 1 } } };
    expect(await failureOf(archive, options)).toMatch(/^ProcessorOptionsError: .*processor parquet.*rowGroups/);
    expect(await failureOf(archive, { process: { processor: 'unpack' } })).toMatch(/takes parquet or profile/);
  });
});

describe('an archive is refused by name', () => {
  it.each<[string, ZipMember, RegExp]>([
    ['..', { name: '../out.csv', content: 'x' }, /UnsafeArchiveError: .*\.\.\/out\.csv/],
    ['.. behind a backslash', { name: 'a\\..\\..\\out', content: 'x' }, /UnsafeArchiveError: /],
    ['an absolute name', { name: '/etc/passwd', content: 'x' }, /UnsafeArchiveError: /],
    ["a drive's letter", { name: 'C:\\x', content: 'x' }, /UnsafeArchiveError: /],
    ['a NUL', { name: 'a\0.csv', content: 'x' }, /UnsafeArchiveError: .*NUL/],
    ['a name of blanks only', { name: './.', content: 'x' }, /UnsafeArchiveError: .*a file needs a name/],
    ['a very long name', { name: 'x'.repeat(401), content: 'x' }, /UnsafeArchiveError: .*at most 400 characters/],
    ['.. in what would be skipped', { name: '../x.txt', content: 'x' }, /UnsafeArchiveError: /],
    ['an encrypted file', { name: 't.csv', content: 'x', encrypted: true }, /EncryptedArchiveError: "t\.csv"/],
    ['bzip2', { name: 't.csv', content: 'x', method: 12 }, /UnsupportedArchiveError: "t\.csv".*packed by bzip2/],
    ['a wrong CRC-32', { name: 't.csv', content: 'x', crc: 1 }, /BrokenArchiveError: "t\.csv".*CRC-32/],
    ['a size that is too small', { name: 't.csv', content: 'xyz', size: 2 }, /BrokenArchiveError: "t\.csv"/],
    ['a size that is too large', { name: 't.csv', content: 'xyz', size: 4 }, /BrokenArchiveError: "t\.csv"/],
  ])('a ZIP is refused by name: %s', async (_name, member, reason) => {
    const only = member.name === '../x.txt' ? { only: ['*.csv'] } : {};
    expect(await failureOf(zip({ name: 'good.csv', content: TABLE }, member), only)).toMatch(reason);
  });

  it.each<[string, { name: string }, RegExp]>([
    ['..', { name: 'a/../../out.csv' }, /UnsafeArchiveError: .*leads out/],
    ['an absolute name', { name: '/etc/passwd' }, /UnsafeArchiveError: .*absolute/],
    ['a backslash', { name: '..\\out' }, /UnsafeArchiveError: .*leads out/],
  ])('a tar is refused by name: %s', async (_name, member, reason) => {
    expect(await failureOf(await tar({ name: 'good.csv', content: TABLE }, member))).toMatch(reason);
  });

  it.each<[string, () => Buffer | Promise<Buffer>, RegExp]>([
    ['the same name twice in a ZIP', () => zip(README, README), /UnsafeArchiveError: .*"README\.txt" twice/],
    [
      'two names for the same file',
      () => tar({ name: 'a/b' }, { name: './a//b' }),
      /UnsafeArchiveError: .*"a\/b" twice/,
    ],
    ['a ZIP that is cut', () => zip(README).subarray(0, -10), /BrokenArchiveError: the ZIP archive is incomplete/],
    ['a ZIP with bytes behind it', () => Buffer.concat([zip(README), Buffer.from('x')]), /BrokenArchiveError: /],
    ['a tar.gz that is cut', async () => gzipSync(await tar({ name: 'x' })).subarray(0, -9), /MalformedInputError: /],
    [
      'a tar that is cut in a file',
      async () => (await tar({ name: 'x', content: 'y'.repeat(9_999) })).subarray(0, 4_096),
      /BrokenArchiveError: the tar archive is incomplete or damaged/,
    ],
    [
      'a tar that is cut between two files',
      async () => (await tar({ name: 'x', content: 'y' }, { name: 'z' })).subarray(0, 1_024),
      /BrokenArchiveError: the tar archive is incomplete: the block of zeros/,
    ],
    [
      'a tar with a damaged header',
      async () => Buffer.concat([(await tar({ name: 'x' })).subarray(0, 512), Buffer.alloc(1_024, 'x')]),
      /BrokenArchiveError: the tar archive is incomplete or damaged/,
    ],
    ['text', () => Buffer.from(TABLE), /NoArchiveError: in\/data\.zip is not an archive by its content/],
    [
      '7-Zip',
      () => Buffer.from('7z\xbc\xaf\x27\x1c\0\x04', 'latin1'),
      /NoArchiveError: in\/data\.zip is a 7-Zip archive/,
    ],
    ['nothing', () => Buffer.alloc(0), /NoArchiveError: in\/data\.zip is empty/],
  ])('content that is not an archive is refused by name: %s', async (_name, object, reason) => {
    expect(await failureOf(await object())).toMatch(reason);
  });

  it('an archive is read if only unwanted files are encrypted', async () => {
    const archive = zip({ name: 't.csv', content: TABLE }, { name: 'secret.doc', content: 'x', encrypted: true });
    expect(textsOf(await run(archive, { only: ['*.csv'] }))).toEqual({ 'data/t.csv': TABLE });
  });

  it('nothing of a ZIP is unpacked if one of its names is unsafe, at any position', async () => {
    const outputs: string[] = [];
    const archive = zip(README, { name: '../x', content: 'x' });
    await expect(
      unpack.process(
        {
          ...{ runId: 'r', id: 'i', name: 'n', input: null, object: { bucket: 'b', key: 'k', bytes: archive.length } },
          options: unpack.options.parse({}),
        },
        {
          openInput: () =>
            (async function* () {
              yield archive;
            })() as never,
          output: (name: string) => {
            outputs.push(name);
            return { write: () => true } as never;
          },
          signal: new AbortController().signal,
        } as never,
      ),
    ).rejects.toThrow(/leads out/);
    expect(outputs).toEqual(['entries.jsonl']);
  });
});

describe('an archive is bounded', () => {
  it('an archive has a limit for files', async () => {
    const archive = zip(...[1, 2, 3].map((n) => ({ name: `${n}`, content: 'x' })));
    expect(await failureOf(archive, { maxEntries: 2 })).toMatch(/ArchiveTooLargeError: .*more than 2 files/);
    expect((await run(archive, { maxEntries: 3 })).result.unpacked).toBe(3);
  });

  it('an archive has a limit for bytes', async () => {
    const member = { content: Buffer.alloc(700_000) };
    const archive = zip({ name: 'a', ...member }, { name: 'b', ...member });
    expect(await failureOf(archive, { maxUnpackedMiB: 1 })).toMatch(/ArchiveTooLargeError: .*more than 1 MiB unpacked/);
  });

  it('an archive has a limit for the ratio above a gibibyte', async () => {
    const room = new Room(1_000_000, Number.POSITIVE_INFINITY);
    const chunk = Buffer.alloc(16_777_216);
    const read = async () => {
      const content = (async function* () {
        for (let n = 0; n < 70; n++) yield chunk;
      })();
      for await (const _ of room.take(content, 'zeros', Number.POSITIVE_INFINITY));
    };
    await expect(read()).rejects.toThrow(/decompression bomb/);
  });
});
