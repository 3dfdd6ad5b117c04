import { execFile } from 'node:child_process';

/** Runs a script with Node until it ends, and returns its exit code and what it wrote. */
export function runScript(file: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}
