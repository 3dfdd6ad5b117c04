import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { z } from 'zod';

/**
 * Reads the port that a child process reports as its first line, `{"port": 40123}`.
 *
 * @returns undefined if the output ended before.
 */
export async function reportedPort(stdout: Readable): Promise<number | undefined> {
  for await (const line of createInterface({ input: stdout })) {
    // The stream must keep flowing; otherwise the child's 'close' event would never come.
    stdout.resume();
    return z.object({ port: z.int() }).parse(JSON.parse(line)).port;
  }
  return undefined;
}
