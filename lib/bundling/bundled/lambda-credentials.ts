import { lambdaCredentials } from '#transfer/s3/small/lambda-credentials.ts';

/**
 * Replaces `@aws-sdk/credential-provider-node` in the functions' bundles. Lambda passes the credentials of a function's
 * role only in the environment. The SDK's chain looks there first, but also contains clients of SSO, STS and sign-in
 * for all other places.
 *
 * If the variables are not set, the provider rejects and does not look elsewhere.
 */
export function defaultProvider() {
  return async () => lambdaCredentials(process.env);
}
