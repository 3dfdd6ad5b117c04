import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { Encryption } from '#lib/encryption.ts';
import { Network, NoSubnetsError } from '#lib/network.ts';
import { readSettings } from '#lib/read-settings.ts';
import { synthesise } from './synthesise.ts';

const VPC_ID = 'vpc-0123456789abcdef0';

/** What the lookup of an existing VPC would find, as cdk.context.json keeps it. */
function existingVpc(subnetGroups: readonly object[]): Network {
  const key = `vpc-provider:account=111111111111:filter.vpc-id=${VPC_ID}:region=eu-central-1:returnAsymmetricSubnets=true`;
  const app = new App({
    context: {
      [key]: {
        vpcId: VPC_ID,
        vpcCidrBlock: '10.1.0.0/16',
        ownerAccountId: '111111111111',
        availabilityZones: [],
        subnetGroups,
      },
    },
  });
  const stack = new Stack(app, 'Test', { env: { account: '111111111111', region: 'eu-central-1' } });
  const settings = readSettings({ 'sluice.network.vpcId': VPC_ID });
  return new Network(stack, 'Network', { settings, encryption: new Encryption(stack, 'Encryption', settings) });
}

const subnetGroup = (type: string) => ({
  name: type,
  type,
  subnets: [
    { subnetId: `subnet-${type}`, cidr: '10.1.1.0/24', availabilityZone: 'eu-central-1a', routeTableId: 'rtb-1' },
  ],
});

describe('the network of its own', () => {
  const template = synthesise();

  it('has public subnets in two zones, no NAT, and a gateway to S3', () => {
    template.resourceCountIs('AWS::EC2::Subnet', 2);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });

  it('lets nothing in', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    const [group] = Object.values(template.findResources('AWS::EC2::SecurityGroup'));
    expect(group?.Properties).not.toHaveProperty('SecurityGroupIngress');
  });

  it('logs who talked to whom, and empties the default group, where settings say so', () => {
    template.resourceCountIs('AWS::EC2::FlowLog', 0);
    template.resourceCountIs('Custom::VpcRestrictDefaultSG', 0);
    const strict = synthesise({ 'network.flowLogs': true, 'network.restrictDefaultSecurityGroup': true });
    strict.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 'cloud-watch-logs' });
    strict.resourceCountIs('Custom::VpcRestrictDefaultSG', 1);
  });

  it('gives workers a public address, which is their way out', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { SLUICE_ASSIGN_PUBLIC_IP: 'true' } },
    });
  });
});

describe('an existing VPC', () => {
  it('puts workers into private subnets without a public address', () => {
    const network = existingVpc([subnetGroup('Public'), subnetGroup('Private')]);
    expect(network.subnets.map((subnet) => subnet.subnetId)).toEqual(['subnet-Private']);
    expect(network.assignPublicIp).toBe(false);
    Template.fromStack(Stack.of(network)).resourceCountIs('AWS::EC2::VPC', 0);
  });

  it('is refused by name where it has no private subnets with a way out', () => {
    expect(() => existingVpc([subnetGroup('Public'), subnetGroup('Isolated')])).toThrow(NoSubnetsError);
    expect(() => existingVpc([subnetGroup('Public')])).toThrow(`network.vpcId: ${VPC_ID} has no private subnets`);
  });
});
