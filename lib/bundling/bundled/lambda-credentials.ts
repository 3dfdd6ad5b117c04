/**
 * Replaces `@aws-sdk/credential-provider-node` in the functions' bundles. Lambda passes the credentials of a function's
 * role only in the environment. The SDK's chain looks there first, but also contains clients of SSO, STS and sign-in
 * for all other places.
 *
 * If the variables are not set, the provider rejects and does not look elsewhere.
 */
export function defaultProvider() {
  return async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
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
  };
}
