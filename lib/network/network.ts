import { Stack } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  type ISubnet,
  type IVpc,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { trusted } from '../permissions/service-trust.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import { EmptyDefaultSecurityGroup } from './default-security-group.ts';

/** What a `Network` takes. */
export interface NetworkProps {
  /** The deployment's settings, as `readSettings` returns them. */
  readonly settings: Pick<Settings, 'network'>;
  /** Encrypts the flow logs. */
  readonly encryption: Encryption;
}

/** An existing VPC has no subnets that workers can run in. */
export class NoSubnetsError extends Error {
  override readonly name = 'NoSubnetsError';
}

/**
 * The network of the workers. A new VPC has only public subnets: a NAT would cost money while nothing runs, and tasks
 * have no open port. In an existing VPC, workers use private subnets with a route to the Internet, and have no public
 * address.
 */
export class Network extends Construct {
  /** The VPC: one that the stack creates, or the VPC of `network.vpcId`. */
  readonly vpc: IVpc;
  /** Where workers run. */
  readonly subnets: readonly ISubnet[];
  /** Allows no inbound connections, and all outbound ones. */
  readonly securityGroup: SecurityGroup;
  /** Whether workers need a public address to reach sources. */
  readonly assignPublicIp: boolean;

  /** @throws NoSubnetsError if the existing VPC has no private subnets with a route to the Internet. */
  constructor(scope: Construct, id: string, { settings: { network }, encryption }: NetworkProps) {
    super(scope, id);
    const { vpcId } = network;
    if (vpcId === undefined) {
      const vpc = ownVpc(this);
      // CDK's own types don't hold under exactOptionalPropertyTypes.
      this.vpc = vpc as IVpc;
      if (network.restrictDefaultSecurityGroup) {
        const groupId = vpc.vpcDefaultSecurityGroup;
        new EmptyDefaultSecurityGroup(this, 'DefaultGroup', { groupId, encryption });
      }
      if (network.flowLogs) this.#logFlows(encryption);
      this.subnets = this.vpc.publicSubnets;
      this.assignPublicIp = true;
    } else {
      this.vpc = Vpc.fromLookup(this, 'Vpc', { vpcId });
      this.subnets = this.vpc.privateSubnets;
      this.assignPublicIp = false;
      if (this.subnets.length === 0) {
        throw new NoSubnetsError(
          `network.vpcId: ${vpcId} has no private subnets with a route to a NAT; add such subnets, or remove network.vpcId to get a VPC of Sluice's own`,
        );
      }
    }
    this.securityGroup = new SecurityGroup(this, 'Workers', {
      vpc: this.vpc,
      description: 'Sluice workers: no inbound connections; outbound to sources and AWS',
      allowAllOutbound: true,
    });
  }

  /** Logs the connections of all traffic. */
  #logFlows(encryption: Encryption): void {
    const flows = new Construct(this, 'Flows');
    const role = new Role(flows, 'Role', {
      assumedBy: trusted(this, 'vpc-flow-logs.amazonaws.com', { service: 'ec2', resource: 'vpc-flow-log/*' }),
    });
    this.vpc.addFlowLog('FlowLog', {
      destination: FlowLogDestination.toCloudWatchLogs(
        encryption.logGroup(flows, `/aws/vpc/${Stack.of(this).stackName}-flow-logs`),
        role,
      ),
      trafficType: FlowLogTrafficType.ALL,
    });
  }
}

function ownVpc(scope: Construct): Vpc {
  return new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
    maxAzs: 2,
    // EmptyDefaultSecurityGroup does this.
    restrictDefaultSecurityGroup: false,
    natGateways: 0,
    subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false }],
    // It is free, and the transfers don't use the internet gateway.
    gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
  });
}
