/**
 * The properties of a deployment that decide which quotas limit it; the default is a deployment with the default
 * settings.
 */
export interface QuotaNeeds {
  /** `workers.max`. */
  readonly maxWorkers: number;
  /** vCPUs of one worker. */
  readonly workerVcpus: number;
  readonly spot: boolean;
  /** `ingest.maxLambdas`. */
  readonly maxLambdas: number;
  /** Whether the deployment makes a VPC of its own. */
  readonly ownVpc: boolean;
}

/** A quota of an account in a region, what a deployment needs of it, and what happens if it is too low. */
export interface Quota {
  /** The names of service and quota in the console of Service Quotas. */
  readonly service: string;
  readonly name: string;
  /** For the GetServiceQuota call of Service Quotas. */
  readonly serviceCode: string;
  readonly quotaCode: string;
  readonly needed: number;
  /** The value that was seen in a new account; AWS does not promise these values. */
  readonly newAccount: string;
  /** What a person sees, and where. */
  readonly failure: string;
  /** What to do besides requesting a higher quota. */
  readonly remedy: string;
  /** Whether it stops a deploy, or a run only takes longer. */
  readonly stops: 'the deploy' | 'nothing: a run takes longer';
}

const DEFAULT_NEEDS: QuotaNeeds = { maxWorkers: 4, workerVcpus: 1, spot: true, maxLambdas: 8, ownVpc: true };
/** One for StartWorkers or the gatekeeper, and one for Plan, Reconcile or DoneState of another run. */
const OTHER_LAMBDAS = 2;

/**
 * Returns the quotas that limit a deployment in a new account. Those that stop a deploy come first.
 *
 * @param needs the deployment's own figures. @default those of the default settings
 */
export function quotasOf(needs: Partial<QuotaNeeds> = {}): Quota[] {
  const { maxWorkers, workerVcpus, spot, maxLambdas, ownVpc } = { ...DEFAULT_NEEDS, ...needs };
  const vcpus = maxWorkers * workerVcpus;
  const vpc: Quota[] = [
    {
      service: 'Amazon Virtual Private Cloud (Amazon VPC)',
      name: 'VPCs per Region',
      serviceCode: 'vpc',
      quotaCode: 'L-F678F1CE',
      needed: 1,
      newAccount: '5; the default VPC uses one of them',
      failure: 'the deploy ends at AWS::EC2::VPC with "The maximum number of VPCs has been reached" (VpcLimitExceeded)',
      remedy: 'delete a VPC, or let the deployment use one of yours (network.vpcId)',
      stops: 'the deploy',
    },
    {
      service: 'Amazon Virtual Private Cloud (Amazon VPC)',
      name: 'Internet gateways per Region',
      serviceCode: 'vpc',
      quotaCode: 'L-A4707A72',
      needed: 1,
      newAccount: '5; a higher quota of VPCs per Region raises this quota too',
      failure:
        'the deploy ends at AWS::EC2::InternetGateway with "The maximum number of internet gateways has been reached" (InternetGatewayLimitExceeded)',
      remedy: 'delete a gateway, or let the deployment use a VPC of yours (network.vpcId)',
      stops: 'the deploy',
    },
  ];
  return [
    ...(ownVpc ? vpc : []),
    {
      service: 'AWS Lambda',
      name: 'Concurrent executions',
      serviceCode: 'lambda',
      quotaCode: 'L-B99A9384',
      needed: maxLambdas + OTHER_LAMBDAS,
      newAccount: '10 in some new accounts, 1,000 in others',
      failure:
        'Step Functions retries tasks after Lambda.TooManyRequestsException ("Rate Exceeded"), and the history of the execution shows this error',
      remedy: 'lower ingest.maxLambdas, ingest.children and ingest.slicesAtOnce',
      stops: 'nothing: a run takes longer',
    },
    ...(spot
      ? [
          {
            service: 'AWS Fargate',
            name: 'Fargate Spot vCPU resource count',
            serviceCode: 'fargate',
            quotaCode: 'L-36FBB829',
            needed: vcpus,
            newAccount: '0 to 6',
            failure:
              'the gate’s progress and the manifest report "a worker could not be started" with the message of ECS, "You’ve reached the limit on the number of vCPUs you can run concurrently"; Sluice then starts on-demand tasks instead',
            remedy: 'lower workers.max, or set workers.spot=false',
            stops: 'nothing: a run takes longer' as const,
          },
        ]
      : []),
    {
      service: 'AWS Fargate',
      name: 'Fargate On-Demand vCPU resource count',
      serviceCode: 'fargate',
      quotaCode: 'L-3032A538',
      needed: vcpus,
      newAccount: '4 to 6',
      failure:
        'the gate’s progress and the manifest report "a worker could not be started" with the message of ECS, "You’ve reached the limit on the number of vCPUs you can run concurrently"',
      remedy: 'lower workers.max',
      stops: 'nothing: a run takes longer',
    },
  ];
}
