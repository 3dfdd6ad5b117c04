/**
 * Stands in for `@aws-sdk/credential-provider-node` in the functions' bundles. Lambda hands a function the credentials of
 * its role in its environment and in no other way; the SDK's chain looks there first, and brings clients of SSO, STS and
 * sign-in along for all the places where it would look next.
 *
 * The provider rejects where they are not set, instead of going on to look elsewhere.
 */
export function defaultProvider() {
  return async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
    if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
      throw new Error(
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set: a function takes its credentials from them, as Lambda sets them, and looks nowhere else',
      );
    }
    return {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }),
    };
  };
}
