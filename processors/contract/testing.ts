import { createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import { PUBLIC_INTERNET, type SourceGuard } from '#net/guard/source-guard.ts';
import { NoInputObjectError } from './open-input.ts';
import type { OutputSink } from './output-stream.ts';
import type { Json, Processor, ProcessorItem, ProcessorLogger } from './processor.ts';
import type { ProgressFields } from './progress.ts';
import { runProcessor } from './run-processor.ts';

/** The item that a test gives to a processor. */
export interface TestItem {
  /**
   * The landed object's content: bytes, text, a file, or a stream of a stated length.
   * @default none, as for work without a source
   */
  readonly object?:
    | Buffer
    | string
    | {
        /** The path of a file with the content. */
        readonly file: string;
      }
    | {
        /** The content. It can be read once. */
        readonly stream: Readable;
        /** Its size. */
        readonly bytes: number;
      };
  /** The landed object's content type. @default none */
  readonly contentType?: string;
  /** The work's own input. @default null */
  readonly input?: Json;
  /** The options, as the input of an execution would contain them. @default {} */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The name by which a person knows the item. @default 'test' */
  readonly name?: string;
  /** The number of the attempt. @default 1 */
  readonly attempt?: number;
  /** Abort it to test that the processor stops. @default one that never aborts */
  readonly signal?: AbortSignal;
  /** The item's share of memory. @default 256 MiB */
  readonly memoryBytes?: number;
  /** The User-Agent for requests. @default 'sluice-test' */
  readonly userAgent?: string;
  /**
   * The servers that requests may reach. To reach a server of the test:
   * `new SourceGuard({ openRanges: ['127.0.0.0/8'] })`. @default the public Internet only
   */
  readonly sourceGuard?: SourceGuard;
}

/** An output of a processor in a test. */
export interface TestOutput {
  /** The whole content. */
  readonly content: Buffer;
  /** The content type that the processor stated. */
  readonly contentType: string;
}

/** A line that a processor has logged in a test. */
export interface TestLogLine {
  /** `debug`, `info`, `warn` or `error`. */
  readonly level: string;
  /** The text. */
  readonly message: string;
  /** The fields besides the text. */
  readonly fields: object;
}

/** The result of a processor in a test. */
export interface TestRun<Result = Json> {
  /** The value that the processor returned, in the form in which it is read again from the record. */
  readonly result: Result;
  /** The finished outputs by name. */
  readonly outputs: ReadonlyMap<string, TestOutput>;
  /** All reports of progress, in their order. */
  readonly progress: readonly ProgressFields[];
  /** All log lines, in their order. */
  readonly logs: readonly TestLogLine[];
}

/**
 * Runs a processor on one item without AWS: the input comes from memory or a file, the outputs go into memory, and all
 * rules of a worker apply.
 *
 * @example
 * const run = await testProcessor(countLines, { object: 'a\n\nb\n', options: { skipEmpty: true } });
 * expect(run.result).toEqual({ lines: 2 });
 * await expect(testProcessor(countLines, { options: { skip: 1 } })).rejects.toThrow(ProcessorOptionsError);
 *
 * @throws the error that a worker would record as the item's failure, or after which it would try again.
 */
export async function testProcessor<Result = Json>(
  processor: Processor,
  test: TestItem = {},
): Promise<TestRun<Result>> {
  const outputs = new Map<string, TestOutput>();
  const progress: ProgressFields[] = [];
  const logs: TestLogLine[] = [];
  const { result } = await runProcessor(
    processor,
    itemOf(test),
    test.options ?? {},
    {
      signal: test.signal ?? new AbortController().signal,
      logger: collectingLogger(logs),
      attempt: test.attempt ?? 1,
      memoryBytes: test.memoryBytes ?? 268_435_456,
      userAgent: test.userAgent ?? 'sluice-test',
      sourceGuard: test.sourceGuard ?? PUBLIC_INTERNET,
      progress: (fields) => progress.push(fields),
    },
    {
      openInput: () => inputOf(test),
      openOutput: (name, contentType) => memorySink((content) => outputs.set(name, { content, contentType })),
    },
  );
  return { result: result as Result, outputs, progress, logs };
}

function itemOf(test: TestItem): Omit<ProcessorItem, 'options'> {
  const name = test.name ?? 'test';
  return {
    runId: 'test-run',
    id: '0'.repeat(32),
    name,
    object:
      test.object === undefined
        ? undefined
        : { bucket: 'test-bucket', key: name, bytes: bytesOf(test.object), contentType: test.contentType },
    input: test.input ?? null,
  };
}

function bytesOf(object: NonNullable<TestItem['object']>): number {
  if (typeof object === 'string' || Buffer.isBuffer(object)) return Buffer.byteLength(object);
  return 'file' in object ? statSync(object.file).size : object.bytes;
}

function inputOf({ object }: TestItem): Readable {
  if (object === undefined) throw new NoInputObjectError('the test gives no object');
  if (typeof object === 'string' || Buffer.isBuffer(object)) {
    return Readable.from(Buffer.from(object), { objectMode: false });
  }
  return 'file' in object ? createReadStream(object.file) : object.stream;
}

function memorySink(store: (content: Buffer) => void): OutputSink {
  const chunks: Buffer[] = [];
  return {
    write: async (chunk) => void chunks.push(chunk),
    finish: async () => store(Buffer.concat(chunks)),
    abandon: async () => undefined,
  };
}

function collectingLogger(logs: TestLogLine[]): ProcessorLogger {
  const at =
    (level: string) =>
    (message: string, fields: object = {}): void =>
      void logs.push({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
