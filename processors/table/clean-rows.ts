import { FileWriter } from './file-writer.ts';
import type { Rejects } from './rejects.ts';

const LINE_FEED = Buffer.from('\n');

interface WrittenRow {
  readonly line: number;
  readonly bytes: Buffer;
  readonly problem: string | undefined;
}

/** Writes the good rows into a file, a line each, and counts the others as rejects. @returns how many were written. */
export async function writeGoodRows(
  batches: AsyncGenerator<readonly WrittenRow[]>,
  file: string,
  rejects: Rejects,
): Promise<number> {
  const output = new FileWriter(file);
  let count = 0;
  try {
    for await (const rows of batches) {
      const good: Buffer[] = [];
      for (const { line, bytes, problem } of rows) {
        if (problem === undefined) good.push(bytes, LINE_FEED);
        else rejects.add(line, problem, bytes);
      }
      count += good.length / 2;
      await output.write(Buffer.concat(good));
    }
    await output.end();
    return count;
  } catch (error) {
    output.destroy();
    throw error;
  }
}
