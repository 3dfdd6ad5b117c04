/**
 * `node bench/parquet.ts <file> --memory 200`: time and peak memory of converting one file, in this process alone, with
 * a share of memory in MiB as a worker gives it. The Parquet files are held in memory by the test kit, which the peak
 * includes.
 */

import { createReadStream, statSync } from 'node:fs';
import { refuse, scriptOptions } from '#local/script-options.ts';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';

const MIB = 1_048_576;
const { values, positionals } = scriptOptions({
  command: 'node bench/parquet.ts',
  about: 'Measures the conversion of one file to Parquet.',
  positionals: 'FILE',
  options: {
    memory: { type: 'string', takes: 'NUMBER', default: '200', what: 'MiB of memory that the processor may use' },
  },
});
const [file] = positionals;
if (file === undefined) refuse({ command: 'node bench/parquet.ts' }, 'it takes a file');
const idleMiB = Math.round(process.memoryUsage.rss() / MIB);
const began = performance.now();
const { result } = await testProcessor<ParquetResult>(parquet as Processor, {
  object: { stream: createReadStream(file), bytes: statSync(file).size },
  memoryBytes: Number(values.memory) * MIB,
});
const { rows, badRows, files, parquetBytes } = result;
console.log(
  JSON.stringify({
    ...{ rows, badRows, files, parquetMiB: Math.round(parquetBytes / MIB) },
    seconds: Math.round((performance.now() - began) / 100) / 10,
    idleMiB,
    peakMiB: peakMemoryMiB(),
  }),
);
