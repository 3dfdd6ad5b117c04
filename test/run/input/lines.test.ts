import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineTooLongError, readLines } from '#run/input/lines.ts';

async function read(chunks: Uint8Array[], maxChars = 1_000): Promise<string[]> {
  return Array.fromAsync(
    readLines(
      (async function* () {
        yield* chunks;
      })(),
      maxChars,
    ),
  );
}

function cut(bytes: Uint8Array, at: number[]): Uint8Array[] {
  const ends = [...new Set(at.map((place) => place % (bytes.length + 1))), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

describe('readLines', () => {
  it('readLines returns the same lines wherever the chunks are cut, also inside characters and line ends', async () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), async (lines, cuts, end) => {
        const bytes = new TextEncoder().encode(lines.map((text) => text + end).join(''));
        expect(await read(cut(bytes, cuts))).toEqual(
          lines.map((text) => new TextDecoder().decode(new TextEncoder().encode(text))),
        );
      }),
    );
  });

  it('readLines returns the last line even if it has no line end', async () => {
    expect(await read([Buffer.from('a\nb')])).toEqual(['a', 'b']);
  });

  it('readLines stops at a line that never ends, before the stream does', async () => {
    let given = 0;
    const endless = async function* () {
      for (;;) {
        given += 1;
        yield Buffer.alloc(100, 'x');
      }
    };
    await expect(Array.fromAsync(readLines(endless(), 1_000))).rejects.toThrow(LineTooLongError);
    expect(given).toBeLessThan(20);
  });
});
