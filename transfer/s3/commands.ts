import type { S3Client } from '@aws-sdk/client-s3';

/** The calls that the engine makes. */
export type Commands = typeof import('./sdk-commands.ts');

/** The bundler sets this where every client is the engine's small one. */
declare const SLUICE_SMALL_S3: boolean | undefined;

/** Returns the calls in the form of the client: the small client brings its own, and only the other one needs the SDK. */
export async function commandsOf(client: S3Client): Promise<Commands> {
  const { commands } = client as { readonly commands?: Commands };
  // The bundler leaves out what follows it, so that a function that transfers does not contain the calls twice.
  if (typeof SLUICE_SMALL_S3 !== 'undefined') return commands as Commands;
  return commands ?? import('./sdk-commands.ts');
}
