import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CreateFunctionCommand, type CreateFunctionCommandInput, LambdaClient } from '@aws-sdk/client-lambda';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';

const PYTHON = fileURLToPath(new URL('../../.sluice/venv/bin/python', import.meta.url));

/**
 * Makes a function of one expression, `async (event) => …`.
 *
 * @param more its memory, time limit and the like, beside the role.
 * @returns its ARN.
 */
export async function createFunction(
  client: EmbeddedAws['client'],
  name: string,
  handler: string,
  more: Pick<CreateFunctionCommandInput, 'Role'> & Partial<CreateFunctionCommandInput>,
): Promise<string> {
  const created = await new LambdaClient(client).send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await zipOf(`export const handler = ${handler};`) },
      ...more,
    }),
  );
  return created.FunctionArn ?? '';
}

async function zipOf(code: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-function-'));
  try {
    await writeFile(join(folder, 'index.mjs'), code);
    await promisify(execFile)(PYTHON, ['-m', 'zipfile', '-c', 'code.zip', 'index.mjs'], { cwd: folder });
    return await readFile(join(folder, 'code.zip'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
