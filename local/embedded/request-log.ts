import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const requestSchema = z.object({
  role: z.string(),
  action: z.string(),
  resource: z.string(),
  allowed: z.boolean(),
  message: z.string().optional(),
});

/**
 * A request of a role to the embedded AWS, as `local/embedded/request_log.py` writes it: only once, even if the role
 * sent it often.
 */
export type RoleRequest = z.infer<typeof requestSchema>;

/** Reads the requests of roles so far, in the order of the first time of each. */
export async function readRequests(file: string): Promise<RoleRequest[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // The last line may be incomplete.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => requestSchema.parse(JSON.parse(line)));
}

/** Returns a sentence for each refusal, with role, action and resource. */
export function refusalsIn(requests: readonly RoleRequest[]): string[] {
  return requests
    .filter(({ allowed }) => !allowed)
    .map(({ role, action, resource }) => `IAM does not grant the role ${role} the action ${action} on ${resource}`);
}
