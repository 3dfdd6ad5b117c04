/** What of a deployment decides which quotas it meets; by default that of the default settings. */
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

/** A quota of an account in a region, what a deployment needs of it, and how it shows when there is too little. */
export interface Quota {
  /** As the console under Service Quotas names service and quota. */
  readonly service: string;
  readonly name: string;
  /** For the GetServiceQuota call of Service Quotas. */
  readonly serviceCode: string;
  readonly quotaCode: string;
  readonly needed: number;
  /** What an account made yesterday was seen to have; the vendor promises none of these. */
  readonly newAccount: string;
  /** What a person sees, and where. */
  readonly failure: string;
  /** What to do besides asking for more. */
  readonly remedy: string;
  /** Whether a run waits it out or a deploy ends by it. */
  readonly stops: 'the deploy' | 'nothing: a run takes longer';
}

const DEFAULT_NEEDS: QuotaNeeds = { maxWorkers: 4, workerVcpus: 1, spot: true, maxLambdas: 8, ownVpc: true };
/** StartWorkers or the gatekeeper, and one of Plan, Reconcile or DoneState of another run. */
const OTHER_LAMBDAS = 2;

/**
 * The quotas that a deployment meets in a new account, those that stop a deploy first.
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
