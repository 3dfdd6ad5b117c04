import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const requestSchema = z.object({
  role: z.string(),
  action: z.string(),
  resource: z.string(),
  allowed: z.boolean(),
  message: z.string().optional(),
});

/** What a role asked the embedded AWS for, as `local/embedded/request_log.py` writes it: once, however often it was asked. */
export type RoleRequest = z.infer<typeof requestSchema>;

/** Reads what roles have asked for so far, in the order in which each was first asked. */
export async function readRequests(file: string): Promise<RoleRequest[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // The last line may be half written.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => requestSchema.parse(JSON.parse(line)));
}

/** A sentence for each refusal, with role, action and resource. */
export function refusalsIn(requests: readonly RoleRequest[]): string[] {
  return requests
    .filter(({ allowed }) => !allowed)
    .map(({ role, action, resource }) => `IAM refused the role ${role} the action ${action} on ${resource}`);
}
