import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  checkPlatform,
  duckDbFiles,
  ownPlatform,
  type Platform,
  WrongPlatformError,
} from '#lib/bundling/native-files.ts';

const FARGATE: Platform = { os: 'linux', cpu: 'arm64', libc: 'glibc' };

const elf = (machine: number): Buffer => {
  const bytes = Buffer.alloc(64);
  bytes.write('\x7fELF', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  return bytes;
};

describe("DuckDB's native files", () => {
  it("DuckDB's native files for Fargate are ELF files for arm64, on whatever machine the synth runs", {
    tags: ['heavy'],
  }, () => {
    const files = duckDbFiles(FARGATE);
    expect(files.map(({ name }) => name)).toEqual(['duckdb.node', 'libduckdb.so']);
    for (const { path } of files) {
      const header = brotliDecompressSync(readFileSync(path)).subarray(0, 20);
      expect(header.toString('latin1', 0, 4)).toBe('\x7fELF');
      expect(header.readUInt16LE(18)).toBe(183);
    }
  });

  it("DuckDB's native files are the same the second time, so that a deploy uploads nothing again", () => {
    expect(duckDbFiles(ownPlatform())).toEqual(duckDbFiles(ownPlatform()));
    expect(duckDbFiles(ownPlatform()).map(({ name }) => name)).toContain('duckdb.node');
  });

  it.each([
    ['another machine', elf(62), /is an ELF file for machine 62; arm64 is 183/],
    ['a script', Buffer.from('#!/bin/sh\nexit 1\n# long enough to be looked at'), /is no ELF file/],
  ])("DuckDB's native files are refused if they are for %s", (_name, bytes, message) => {
    expect(() => checkPlatform(bytes, FARGATE, 'x.node')).toThrow(WrongPlatformError);
    expect(() => checkPlatform(bytes, FARGATE, 'x.node')).toThrow(message);
    expect(() => checkPlatform(elf(183), FARGATE, 'x.node')).not.toThrow();
  });

  it("DuckDB's native files have exactly the version of the worker's JavaScript", () => {
    const json = (path: string) => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'));
    const version = json('package.json').dependencies['@duckdb/node-api'];
    expect(json('worker/native/package.json').dependencies['@duckdb/node-bindings']).toBe(version);
    const packages = Object.entries<{ version: string }>(json('worker/native/package-lock.json').packages);
    const bindings = packages.filter(([path]) => path.includes('@duckdb/node-bindings'));
    expect(new Set(bindings.map(([, entry]) => entry.version))).toEqual(new Set([version]));
  });
});
