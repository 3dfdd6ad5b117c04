import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { PGlite } from '@electric-sql/pglite';
import { z } from 'zod';
import { identifier, literal } from '#processors/table/sql.ts';
import { type CopyCommand, readCopy } from './copy-command.ts';
import { StatementError } from './errors.ts';

/** The embedded AWS's answer about a role that a COPY names: its credentials, or why the role can't be assumed. */
export const roleSchema = z.union([
  z.object({ AccessKeyId: z.string(), SecretAccessKey: z.string(), Token: z.string().optional() }),
  z.object({ refused: z.string() }),
]);
export type Role = z.infer<typeof roleSchema>;

/** The means by which a statement reads S3. */
export interface Access {
  readonly endpoint: string;
  readonly region: string;
  /** By ARN. */
  readonly roles: Readonly<Record<string, Role>>;
}

const manifestSchema = z.object({
  entries: z
    .array(
      z.object({
        url: z.string(),
        mandatory: z.boolean().optional(),
        meta: z.object({ content_length: z.number() }).optional(),
      }),
    )
    .min(1),
});

/** The number of objects that a COPY reads at once. */
const READS = 8;

/**
 * Runs a COPY: reads the manifest and its objects with the rights of its role, and adds their rows to the table.
 *
 * @returns the number of rows.
 * @throws StatementError with Redshift's message, and the place in the data if there is one.
 */
export async function copy(database: PGlite, sql: string, access: Access): Promise<number> {
  const command = readCopy(sql);
  const role = access.roles[command.role];
  if (role === undefined || 'refused' in role) {
    throw new StatementError(
      `User is not authorized to assume IAM Role ${command.role}${role === undefined ? '' : `: ${role.refused}`}`,
    );
  }
  const s3 = new S3Client({
    endpoint: access.endpoint,
    region: access.region,
    forcePathStyle: true,
    credentials: {
      accessKeyId: role.AccessKeyId,
      secretAccessKey: role.SecretAccessKey,
      ...(role.Token !== undefined && { sessionToken: role.Token }),
    },
  });
  const folder = await mkdtemp(join(tmpdir(), 'sluice-copy-'));
  try {
    const { entries } = manifestSchema.parse(JSON.parse(Buffer.from(await read(s3, command.from)).toString()));
    let rows = 0;
    for (let from = 0; from < entries.length; from += READS) {
      const some = entries.slice(from, from + READS);
      const bodies = await Promise.all(some.map((entry) => bodyOf(s3, entry, command.format)));
      for (const [index, body] of bodies.entries()) {
        const url = some[index]?.url ?? '';
        if (body !== undefined) rows += await add(database, command, { url, body, folder });
      }
    }
    return rows;
  } finally {
    s3.destroy();
    await rm(folder, { recursive: true, force: true });
  }
}

async function bodyOf(
  s3: S3Client,
  { url, mandatory, meta }: z.infer<typeof manifestSchema>['entries'][number],
  format: CopyCommand['format'],
): Promise<Uint8Array | undefined> {
  if (format === 'parquet' && meta === undefined) {
    throw new StatementError(`the manifest has no content_length for ${url}, which a COPY of Parquet needs`);
  }
  try {
    const body = await read(s3, url);
    if (meta !== undefined && meta.content_length !== body.length) {
      throw new StatementError(`${url} has ${body.length} bytes and the manifest says ${meta.content_length}`);
    }
    return body;
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey' && mandatory !== true) return undefined;
    throw error;
  }
}

async function read(s3: S3Client, url: string): Promise<Uint8Array> {
  const { hostname: bucket, pathname } = new URL(url.replace(/[#?%]/g, encodeURIComponent));
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: url.slice(`s3://${bucket}/`.length) || pathname }),
    );
    return (await Body?.transformToByteArray()) ?? new Uint8Array();
  } catch (cause) {
    const { name, message } = cause as Error;
    const error = new StatementError(`S3ServiceException: ${message}, Status ${name}, ${url}`, [], { cause });
    if (name === 'NoSuchKey') Object.defineProperty(error, 'name', { value: 'NoSuchKey' });
    throw error;
  }
}

interface File {
  readonly url: string;
  readonly body: Uint8Array;
  readonly folder: string;
}

async function add(database: PGlite, command: CopyCommand, file: File): Promise<number> {
  const columns = command.columns ?? (await columnsOf(database, command));
  if (columns.length === 0) throw new StatementError(`Cannot COPY into nonexistent table ${command.table}`);
  try {
    if (command.format === 'json') return await addJson(database, command, columns, file);
    const { text, skip } =
      command.format === 'parquet'
        ? { text: await parquetAsCsv(file, columns.length), skip: 0 }
        : { text: await unpacked(command, file.body), skip: command.skipLines };
    return await addCsv(database, command, columns, withoutLines(text, skip), skip, file.url);
  } catch (error) {
    if (error instanceof StatementError) throw error;
    throw loadError(command.table, error as Error, file.url, command.skipLines);
  }
}

async function columnsOf(database: PGlite, { schema, table }: CopyCommand): Promise<string[]> {
  const { rows } = await database.query<{ attname: string }>(
    'SELECT attname FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum',
    [schema === undefined ? identifier(table) : `${identifier(schema)}.${identifier(table)}`],
  );
  return rows.map(({ attname }) => attname);
}

async function unpacked({ compression }: CopyCommand, body: Uint8Array): Promise<Buffer> {
  if (compression === 'gzip') return promisify(gunzip)(body);
  if (compression === 'zstd') return promisify(zstdDecompress)(body);
  return Buffer.from(body);
}

function withoutLines(text: Buffer, lines: number): Buffer {
  let from = 0;
  for (let line = 0; line < lines; line++) {
    const end = text.indexOf('\n', from);
    if (end === -1) return Buffer.alloc(0);
    from = end + 1;
  }
  return text.subarray(from);
}

/** DuckDB writes this for a missing value. */
const NULL = '\\N';

/** Converts Parquet to CSV, with the columns by position, as Redshift matches them. */
async function parquetAsCsv({ url, body, folder }: File, columns: number): Promise<Buffer> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const [input, output] = [join(folder, 'in.parquet'), join(folder, 'out.csv')];
  await writeFile(input, body);
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run(`SET TimeZone = 'UTC'`);
    const schema = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(input)})`);
    const found = schema.getRowObjects().length;
    if (found !== columns) {
      throw new StatementError(
        `Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: ${columns}, Data columns: ${found}, File name: ${url}`,
      );
    }
    await connection.run(
      `COPY (SELECT * FROM read_parquet(${literal(input)})) TO ${literal(output)} (FORMAT csv, HEADER false, NULLSTR ${literal(NULL)}, FORCE_QUOTE *)`,
    );
    return await readFile(output);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function addCsv(
  database: PGlite,
  command: CopyCommand,
  columns: readonly string[],
  text: Buffer,
  skipped: number,
  url: string,
): Promise<number> {
  const isParquet = command.format === 'parquet';
  const nullAs = isParquet ? NULL : command.nullAs;
  const delimiter = isParquet ? ',' : command.delimiter;
  try {
    const { affectedRows = 0 } = await database.query(
      `COPY ${target(command)} (${columns.map(identifier).join(', ')}) FROM '/dev/blob' WITH (FORMAT csv, DELIMITER ${literal(delimiter)}, NULL ${literal(nullAs)})`,
      [],
      { blob: new Blob([new Uint8Array(text)]) },
    );
    return affectedRows;
  } catch (error) {
    throw loadError(command.table, error as Error, url, skipped);
  }
}

async function addJson(
  database: PGlite,
  command: CopyCommand,
  columns: readonly string[],
  file: File,
): Promise<number> {
  const text = (await unpacked(command, file.body)).toString();
  // Redshift accepts JSON objects with or without line breaks between them; the stand-in accepts only lines.
  const byName = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const objects = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) =>
      Object.fromEntries(
        Object.entries(JSON.parse(line) as object).flatMap(([name, value]) => {
          const column = byName.get(name.toLowerCase());
          return column === undefined ? [] : [[column, value]];
        }),
      ),
    );
  const names = columns.map(identifier).join(', ');
  const { affectedRows = 0 } = await database.query(
    `INSERT INTO ${target(command)} (${names}) SELECT ${names} FROM json_populate_recordset(NULL::${target(command)}, $1)`,
    [JSON.stringify(objects)],
  );
  return affectedRows;
}

function target({ schema, table }: CopyCommand): string {
  return schema === undefined ? identifier(table) : `${identifier(schema)}.${identifier(table)}`;
}

/** Reads the place that Postgres names: `COPY trips, line 3, column fare: "x"`. */
function loadError(table: string, cause: Error & { where?: string; detail?: string }, url: string, skipped: number) {
  const [, line = '0', column = ''] = /line (\d+)(?:, column ([^:]+))?/.exec(cause.where ?? '') ?? [];
  return new StatementError(
    `Load into table '${table}' failed. Check 'sys_load_error_detail' system table for details.`,
    [{ file: url, line: Number(line) + skipped, column, message: cause.message }],
    { cause },
  );
}
