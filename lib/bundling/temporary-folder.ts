import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];

/**
 * Creates a folder among the system's temporary ones. It is deleted when the process ends.
 *
 * @param name the beginning of its name.
 * @returns its path.
 */
export function temporaryFolder(name: string): string {
  // One listener for all folders, because Node warns of more than ten.
  if (folders.length === 0) process.once('exit', removeAll);
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  folders.push(folder);
  return folder;
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
