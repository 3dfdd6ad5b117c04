import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { requestLimits } from '#run/aws-requests.ts';
import type { Store } from '#run/store.ts';
import { type Deployment, findDeployment } from './deployment.ts';
import { type LocalAws, readLocalAws } from './local-aws.ts';

/** Which deployment a command works on. */
export interface DeploymentOptions {
  /** The CloudFormation stack. */
  readonly stack: string;
  /** The deployment that `npm start -- --keep` keeps running on this machine. */
  readonly local?: boolean;
  /** The options of its clients. @default - those of the environment, or of the deployment on this machine */
  readonly config?: ClientConfig;
}

/** The options of the clients for one deployment. Empty for AWS itself, where the environment decides. */
export type ClientConfig = Partial<Pick<LocalAws, 'endpoint' | 'region'>> & {
  readonly credentials?: NonNullable<S3ClientConfig['credentials']>;
} & ReturnType<typeof requestLimits>;

/** A deployment, and the clients to reach it. */
export interface Connection {
  readonly deployment: Deployment;
  readonly region: string;
  readonly sfn: SFNClient;
  readonly s3: S3Client;
  readonly store: Store;
  /** For further clients. */
  readonly config: ClientConfig;
  readonly isLocal: boolean;
}

/**
 * Finds a deployment and connects to it.
 *
 * @throws NoDeploymentError if there is none; NoLocalRunError if no local deployment is running; and the errors of AWS.
 */
export async function connect({ stack, local, config: given }: DeploymentOptions): Promise<Connection> {
  const config = given ?? (await clientConfig(local === true));
  const cloudFormation = new CloudFormationClient(config);
  const deployment = await findDeployment(cloudFormation, stack);
  const s3 = new S3Client(config);
  return {
    deployment,
    region: await cloudFormation.config.region(),
    sfn: new SFNClient(config),
    s3,
    store: { client: s3, bucket: deployment.bucket },
    config,
    isLocal: local === true,
  };
}

/** @throws NoLocalRunError if no local deployment is running. */
export async function clientConfig(local: boolean): Promise<ClientConfig> {
  if (!local) return requestLimits();
  const { endpoint, region, credentials } = await readLocalAws();
  return { endpoint, region, credentials, ...requestLimits() };
}
