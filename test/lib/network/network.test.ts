import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { Network, NoSubnetsError } from '#lib/network/network.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { Encryption } from '#lib/storage/encryption.ts';
import { synthesise } from '../synthesise.ts';

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

/** What CloudFormation fills in, by its name. */
function referenceIn(part: unknown): string {
  const { Ref, 'Fn::GetAtt': attribute } = part as { Ref?: string; 'Fn::GetAtt'?: string[] };
  return Ref ?? attribute?.join('.') ?? '';
}

describe('the network of its own', () => {
  const template = synthesise();

  it('the new network has public subnets in two zones, no NAT, and a gateway to S3', () => {
    template.resourceCountIs('AWS::EC2::Subnet', 2);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });

  it('the new network admits no connection from outside', () => {
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0);
    const [group] = Object.values(template.findResources('AWS::EC2::SecurityGroup'));
    expect(group?.Properties).not.toHaveProperty('SecurityGroupIngress');
  });

  it('the two rules of the default group are removed, by a role that may do no more, unless the settings differ', () => {
    const calls = Object.values(template.findResources('Custom::AWS')).map(({ Properties }) => {
      expect(Properties.Update).toEqual(Properties.Create);
      expect(Properties).not.toHaveProperty('Delete');
      const parts = Properties.Create['Fn::Join'][1] as unknown[];
      return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : referenceIn(part))).join(''));
    });
    const group = 'NetworkVpc7FB7348F.DefaultSecurityGroup';
    const call = { service: 'EC2', ignoreErrorCodesMatching: '^InvalidPermission\\.NotFound$' };
    expect(calls).toMatchObject([
      {
        ...call,
        action: 'revokeSecurityGroupIngress',
        parameters: {
          GroupId: group,
          IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: group, UserId: 'AWS::AccountId' }] }],
        },
      },
      {
        ...call,
        action: 'revokeSecurityGroupEgress',
        parameters: { GroupId: group, IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }] },
      },
    ]);
    const [policy] = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([name]) =>
      name.startsWith('NetworkDefaultGroup'),
    );
    const statements = policy?.[1].Properties.PolicyDocument.Statement as { Action: string[]; Resource: unknown }[];
    expect(statements.map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      ['ec2:RevokeSecurityGroupEgress', 'ec2:RevokeSecurityGroupIngress'],
    ]);
    expect(JSON.stringify(statements[1]?.Resource)).toContain(JSON.stringify({ 'Fn::GetAtt': group.split('.') }));
    synthesise({ 'network.restrictDefaultSecurityGroup': false }).resourceCountIs('Custom::AWS', 0);
  });

  it('the network logs its connections if the settings say so', () => {
    template.resourceCountIs('AWS::EC2::FlowLog', 0);
    const strict = synthesise({ 'network.flowLogs': true });
    strict.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL', LogDestinationType: 'cloud-watch-logs' });
  });

  it('workers get a public address, because they have no other route to the Internet', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { SLUICE_ASSIGN_PUBLIC_IP: 'true' } },
    });
  });
});

describe('an existing VPC', () => {
  it('workers use private subnets of an existing VPC, without a public address', () => {
    const network = existingVpc([subnetGroup('Public'), subnetGroup('Private')]);
    expect(network.subnets.map((subnet) => subnet.subnetId)).toEqual(['subnet-Private']);
    expect(network.assignPublicIp).toBe(false);
    const template = Template.fromStack(Stack.of(network));
    template.resourceCountIs('AWS::EC2::VPC', 0);
    // The groups of a VPC that others use are theirs.
    template.resourceCountIs('Custom::AWS', 0);
  });

  it('an existing VPC without private subnets that reach the Internet is refused by name', () => {
    expect(() => existingVpc([subnetGroup('Public'), subnetGroup('Isolated')])).toThrow(NoSubnetsError);
    expect(() => existingVpc([subnetGroup('Public')])).toThrow(`network.vpcId: ${VPC_ID} has no private subnets`);
  });
});
