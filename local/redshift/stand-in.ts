import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { readBounded } from '#net/read-bounded.ts';
import { roleSchema } from './copy.ts';
import { Database } from './database.ts';
import { type Statement, Statements } from './statements.ts';
import { fieldsOf, metadataOf } from './values.ts';

/** After this many rows, another page begins. The Data API's pages are limited in bytes, and larger. */
const ROWS_A_PAGE = 100;
const LARGEST_REQUEST_BYTES = 1_048_576;
/** The longest time that the Data API waits for a statement. */
const LONGEST_WAIT_SECONDS = 30;

/** A stand-in for Redshift's Data API that runs. */
export interface RedshiftStandIn {
  /** The embedded AWS forwards requests to this URL. */
  readonly url: string;
  /** Requests without this token are refused. */
  readonly token: string;
  readonly database: Database;
  readonly statements: Pick<Statements, 'hold' | 'fail' | 'all'>;
  stop(): Promise<void>;
}

/** A request that the embedded AWS has permitted. */
const callSchema = z.object({
  /** The caller's id. Other callers can't see the caller's statements. */
  caller: z.string(),
  /** The database user for the caller's credentials; null for the account's root. */
  user: z.string().nullable(),
  endpoint: z.string(),
  region: z.string(),
  roles: z.record(z.string(), roleSchema),
});
export type Call = z.infer<typeof callSchema>;

const parametersSchema = z.array(z.object({ name: z.string(), value: z.string() })).default([]);
const target = {
  WorkgroupName: z.string().optional(),
  ClusterIdentifier: z.string().optional(),
  Database: z.string().optional(),
  SecretArn: z.string().optional(),
  DbUser: z.string().optional(),
};
const submitSchema = z.object({
  ...target,
  Sql: z.string().optional(),
  Sqls: z.array(z.string()).min(1).max(40).optional(),
  Parameters: parametersSchema,
  StatementName: z.string().optional(),
  ClientToken: z.string().max(64).optional(),
  WaitTimeSeconds: z.number().min(0).max(LONGEST_WAIT_SECONDS).default(0),
});
const idSchema = z.object({ Id: z.string(), NextToken: z.string().optional() });
const describeSchema = idSchema.extend({ WaitTimeSeconds: z.number().min(0).max(LONGEST_WAIT_SECONDS).default(0) });

/** An error that the Data API answers, with its name there. */
class ApiError extends Error {
  constructor(name: 'ValidationException' | 'ResourceNotFoundException', message: string) {
    super(message);
    this.name = name;
  }
}

/**
 * Starts the stand-in on a free port of the loopback interface: the Data API's protocol in front of a Postgres in
 * memory, in which COPY reads S3. docs/local-and-aws.md lists the differences from Redshift.
 */
export async function startRedshiftStandIn(): Promise<RedshiftStandIn> {
  const database = await Database.open();
  const statements = new Statements(database);
  const token = randomBytes(24).toString('hex');
  const server = createServer((request, response) => {
    answer(request, response, statements, token).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the stand-in for Redshift has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    database,
    statements,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  statements: Statements,
  token: string,
): Promise<void> {
  const reply = (status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
  const given = Buffer.from(String(request.headers['x-sluice-token'] ?? ''));
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    reply(403, {
      __type: 'AccessDeniedException',
      message: 'the stand-in for Redshift answers only the embedded AWS',
    });
    return;
  }
  try {
    const call = callSchema.parse(
      JSON.parse(Buffer.from(String(request.headers['x-sluice-call']), 'base64').toString()),
    );
    const body = JSON.parse((await readBounded(request, LARGEST_REQUEST_BYTES, tooLong)) || '{}');
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    reply(200, await act(action, body, call, statements));
  } catch (error) {
    if (error instanceof z.ZodError) {
      return void reply(400, { __type: 'ValidationException', message: z.prettifyError(error) });
    }
    const { name, message } = error as Error;
    if (error instanceof ApiError) return void reply(400, { __type: name, message });
    reply(500, { __type: 'InternalServerException', message });
  }
}

const tooLong = () => new ApiError('ValidationException', 'the request is too long');

async function act(action: string, body: unknown, call: Call, statements: Statements): Promise<unknown> {
  switch (action) {
    case 'ExecuteStatement':
    case 'BatchExecuteStatement':
      return submit(submitSchema.parse(body), call, statements);
    case 'DescribeStatement': {
      const { Id, WaitTimeSeconds } = describeSchema.parse(body);
      const { statement } = find(Id, call, statements);
      await withinSeconds(statement.done, WaitTimeSeconds);
      return described(statement);
    }
    case 'GetStatementResult':
      return resultOf(idSchema.parse(body), call, statements);
    case 'CancelStatement': {
      const { statement } = find(idSchema.parse(body).Id, call, statements);
      if (!statements.cancel(statement)) {
        throw new ApiError(
          'ValidationException',
          `Could not cancel a query that is already in ${statement.state} state.`,
        );
      }
      return { Status: true };
    }
    case 'ListStatements':
      return {
        Statements: statements
          .all()
          .filter(({ owner }) => owner === call.caller)
          .toReversed()
          .map((one) => ({ ...summaryOf(one), StatementName: one.name, IsBatchStatement: one.isBatch })),
      };
    default:
      throw new ApiError('ValidationException', `the stand-in for Redshift doesn't know ${action}`);
  }
}

async function submit(request: z.infer<typeof submitSchema>, call: Call, statements: Statements) {
  const { Sql, Sqls, Parameters, WorkgroupName, ClusterIdentifier } = request;
  if ((WorkgroupName === undefined) === (ClusterIdentifier === undefined)) {
    throw new ApiError('ValidationException', 'takes either WorkgroupName or ClusterIdentifier');
  }
  const sqls = Sqls ?? (Sql === undefined ? [] : [Sql]);
  if (sqls.length === 0) throw new ApiError('ValidationException', 'takes an SQL');
  const unused = Parameters.find(({ name }) => !sqls.some((sql) => sql.includes(`:${name}`)));
  if (unused !== undefined) {
    throw new ApiError('ValidationException', `Parameters list contains unused parameters: ${unused.name}`);
  }
  const statement = statements.submit({
    sqls,
    isBatch: Sqls !== undefined,
    parameters: new Map(Parameters.map(({ name, value }) => [name, value])),
    name: request.StatementName,
    owner: call.caller,
    user: call.user ?? undefined,
    access: call,
    clientToken: request.ClientToken,
  });
  await withinSeconds(statement.done, request.WaitTimeSeconds);
  return { Id: statement.id, CreatedAt: seconds(statement.createdAt), Database: request.Database, WorkgroupName };
}

function find(id: string, { caller }: Call, statements: Statements) {
  const [main = '', part] = id.split(':');
  const statement = statements.get(main);
  const index = part === undefined ? (statement?.parts.length ?? 0) - 1 : Number(part) - 1;
  const found = statement?.parts[index];
  if (statement === undefined || found === undefined || statement.owner !== caller) {
    throw new ApiError('ResourceNotFoundException', 'Query does not exist.');
  }
  return { statement, part: found };
}

function resultOf({ Id, NextToken = '0' }: z.infer<typeof idSchema>, call: Call, statements: Statements) {
  const { statement, part } = find(Id, call, statements);
  if (statement.state !== 'FINISHED' || part.answer?.hasResultSet !== true) {
    throw new ApiError(
      'ResourceNotFoundException',
      'Query does not have result. Please check query status with DescribeStatement.',
    );
  }
  const { rows, columns } = part.answer;
  const from = Number(NextToken);
  const next = from + ROWS_A_PAGE;
  return {
    Records: rows.slice(from, next).map((row) => fieldsOf(row, columns)),
    ColumnMetadata: metadataOf(columns),
    TotalNumRows: rows.length,
    ...(next < rows.length && { NextToken: String(next) }),
  };
}

function described(statement: Statement) {
  const last = statement.parts.at(-1);
  return {
    ...summaryOf(statement),
    ...(statement.error !== undefined && { Error: statement.error }),
    HasResultSet: last?.answer?.hasResultSet ?? false,
    RedshiftQueryId: last?.queryId ?? 0,
    ResultRows: last?.answer?.rows.length ?? -1,
    Duration: (statement.updatedAt.getTime() - statement.createdAt.getTime()) * 1_000_000,
    ...(statement.isBatch && {
      SubStatements: statement.parts.map(({ sql, state, error, answer: result, queryId }, index) => ({
        Id: `${statement.id}:${index + 1}`,
        QueryString: sql,
        Status: state,
        ...(error !== undefined && { Error: error }),
        HasResultSet: result?.hasResultSet ?? false,
        ResultRows: result?.rows.length ?? -1,
        RedshiftQueryId: queryId,
      })),
    }),
  };
}

function summaryOf({ id, state, createdAt, updatedAt, parts }: Statement) {
  return {
    Id: id,
    Status: state,
    CreatedAt: seconds(createdAt),
    UpdatedAt: seconds(updatedAt),
    QueryString: parts[0]?.sql,
  };
}

function seconds(at: Date): number {
  return at.getTime() / 1_000;
}

async function withinSeconds(done: Promise<void>, limit: number): Promise<void> {
  if (limit > 0) await Promise.race([done, delay(limit * 1_000, undefined, { ref: false })]);
}
