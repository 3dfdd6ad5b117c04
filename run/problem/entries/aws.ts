import type { Entry } from '../entry.ts';

/** Errors that AWS answers, or what is missing to call AWS. */
export const AWS = {
  'no-region': {
    title: 'There is no AWS region',
    meaning: 'Neither the environment nor the profile names a region.',
    mend: 'set AWS_REGION, or a region in the profile that AWS_PROFILE names',
    isUsage: true,
  },
  'no-credentials': {
    title: 'There are no AWS credentials',
    foreign: ['CredentialsProviderError', 'NoCredentials', 'CredentialsError'],
    meaning: 'None of the places where the AWS CLI looks for credentials has any.',
    mend: 'sign in ("aws sso login"), or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    isUsage: true,
  },
  'wrong-profile': {
    title: 'The AWS profile gives no credentials',
    meaning: 'AWS_PROFILE or --profile names a profile that is not in the configuration, or that has no credentials.',
    mend: '"aws configure list-profiles" lists the profiles, "aws sso login" signs in',
    isUsage: true,
  },
  'credentials-expired': {
    title: 'The AWS credentials have expired',
    foreign: ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired'],
    meaning: 'Temporary credentials end after some hours.',
    mend: 'sign in again ("aws sso login"), or get new ones',
  },
  'credentials-refused': {
    title: 'AWS does not accept the credentials',
    foreign: [
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'InvalidAccessKeyId',
      'InvalidToken',
      'SignatureDoesNotMatch',
      'AuthFailure',
    ],
    meaning: 'AWS does not know the keys, or the signature does not fit the secret.',
    mend: 'check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and which account and region they are for',
  },
  'access-denied': {
    title: 'AWS does not permit the request',
    foreign: ['AccessDenied', 'AccessDeniedException', 'Forbidden', 'AuthorizationError', 'UnauthorizedOperation'],
    meaning: 'The credentials are valid, but have no permission for this action on this resource.',
    mend: 'ask for the permission that the detail names',
  },
  'event-refused': {
    title: 'EventBridge does not accept an event',
    names: ['EventRefusedError'],
    meaning:
      'EventBridge accepted the request and refused the event in it. Most often EventBridge itself has a problem.',
    mend: 'the step retries automatically; if the problem lasts, redrive the execution when EventBridge works again',
  },
  throttled: {
    title: 'AWS asks for fewer requests',
    foreign: [
      'ThrottlingException',
      'TooManyRequestsException',
      'Lambda.TooManyRequestsException',
      'Throttling',
      'SlowDown',
      'RequestLimitExceeded',
    ],
    meaning: 'The account has sent this service more requests than its quota allows.',
    mend: 'try again in a minute; docs/quotas.md lists the quotas that a run may meet',
  },
  'no-bucket': {
    title: 'There is no such bucket',
    foreign: ['NoSuchBucket'],
    meaning: 'The bucket does not exist, or it is not in this account and region.',
    mend: 'check its name, and the account and region that you are signed in to',
  },
  'wrong-region': {
    title: 'The bucket is in another region',
    foreign: ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'],
    meaning: 'S3 answers requests for a bucket only in the region of the bucket.',
    mend: 'name the region with --region or AWS_REGION',
  },
  'no-reason': {
    title: 'The endpoint answered with an error and no reason',
    foreign: ['UnknownError'],
    meaning:
      'The endpoint answered with an error that has no code and no message. An endpoint that does not support the service answers like this.',
    mend: 'check the endpoint (AWS_ENDPOINT_URL, --endpoint)',
  },
} as const satisfies Record<string, Entry>;
