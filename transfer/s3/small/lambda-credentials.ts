import type { SigningCredentials } from '../signature.ts';

/**
 * Reads the credentials of a function's role from the variables that Lambda sets.
 *
 * @throws Error if they are not set. It does not look elsewhere.
 */
export function lambdaCredentials(variables: NodeJS.ProcessEnv): SigningCredentials {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = variables;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: a function reads its credentials only from these variables, which Lambda sets',
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
