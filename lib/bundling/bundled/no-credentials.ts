/**
 * Replaces the packages of the AWS SDK that find credentials in a person's files, by a sign-in, by a command or by a
 * token of the web. With their clients of STS and SSO they are 94 KB, and a worker has none of that: it gets its
 * credentials from ECS, or from the environment. The SDK asks these providers before it asks ECS, and goes on to the
 * next one after this error.
 */
const none = () => async () => {
  throw Object.assign(new Error('a worker reads credentials only from ECS or from the environment'), {
    name: 'CredentialsProviderError',
    tryNextLink: true,
  });
};

export { none as fromIni, none as fromProcess, none as fromSSO, none as fromTokenFile };
