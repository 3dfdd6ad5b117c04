/** One list price, in dollars for one unit, and the page on which it was read. */
interface Price {
  readonly dollars: number;
  readonly unit: string;
  readonly source: string;
}

/** When the prices below were read, and for which region. Without free tiers and discounts. */
export const PRICES_READ = { on: '2026-11-27', region: 'us-east-1' } as const;

/** Some prices come from other pages, because a script fills in the numbers on the vendor's own page. */
export const PRICES = {
  transition: {
    dollars: 0.025 / 1_000,
    unit: 'state transition of Step Functions; a retry counts as one',
    source: 'https://aws.amazon.com/step-functions/pricing/',
  },
  lambdaRequest: {
    dollars: 0.2 / 1e6,
    unit: 'call of a Lambda function',
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing',
  },
  lambdaGbSecond: {
    dollars: 0.0000133334,
    unit: 'GB-second of Lambda, arm64',
    source: 'https://cloudchipr.com/blog/aws-lambda-pricing',
  },
  fargateVcpuHourArm64: {
    dollars: 0.03238,
    unit: 'vCPU-hour of Fargate, arm64',
    source: 'https://www.vantage.sh/blog/fargate-pricing',
  },
  fargateGbHourArm64: {
    dollars: 0.00356,
    unit: 'GB-hour of Fargate, arm64',
    source: 'https://www.vantage.sh/blog/fargate-pricing',
  },
  fargateVcpuHourX64: {
    dollars: 0.04048,
    unit: 'vCPU-hour of Fargate, x64',
    source: 'https://www.vantage.sh/blog/fargate-pricing',
  },
  fargateGbHourX64: {
    dollars: 0.004445,
    unit: 'GB-hour of Fargate, x64',
    source: 'https://www.vantage.sh/blog/fargate-pricing',
  },
  /** The share of the on-demand price. It changes with supply; the vendor says "up to 70 % less". */
  fargateSpotShare: {
    dollars: 0.3,
    unit: 'share of the on-demand price that Fargate Spot costs',
    source: 'https://www.wring.co/blog/aws-fargate-pricing-guide',
  },
  publicIpv4Hour: {
    dollars: 0.005,
    unit: 'hour of a public IPv4 address',
    source:
      'https://aws.amazon.com/blogs/networking-and-content-delivery/identify-and-optimize-public-ipv4-address-usage-on-aws/',
  },
  s3Write: {
    dollars: 0.005 / 1_000,
    unit: 'PUT or LIST of S3',
    source: 'https://c3x.dev/blog/s3-request-fees-explained',
  },
  s3Read: {
    dollars: 0.0004 / 1_000,
    unit: 'GET or HEAD of S3',
    source: 'https://c3x.dev/blog/s3-request-fees-explained',
  },
  s3GbMonth: {
    dollars: 0.023,
    unit: 'GB-month of S3 Standard',
    source: 'https://devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples',
  },
  sqsRequest: {
    dollars: 0.5 / 1e6,
    unit: 'request of SQS; a million messages of fair queues cost $0.10 more, which is included',
    source: 'https://cloudburn.io/blog/amazon-sqs-pricing',
  },
  logsGb: {
    dollars: 0.5,
    unit: 'GB taken in by CloudWatch Logs',
    source: 'https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing',
  },
  logsGbMonth: {
    dollars: 0.03,
    unit: 'GB-month of logs kept',
    source: 'https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing',
  },
  metricMonth: {
    dollars: 0.3,
    unit: 'month of a custom metric of CloudWatch, in proportion to the hours in which it is sent',
    source: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/',
  },
  alarmMonth: {
    dollars: 0.1,
    unit: 'month of an alarm of CloudWatch',
    source: 'https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm',
  },
  dashboardMonth: {
    dollars: 3,
    unit: 'month of a dashboard of CloudWatch, after the first three of an account',
    source: 'https://c3x.dev/blog/aws-cloudwatch-metrics-cost/',
  },
  trace: {
    dollars: 5 / 1e6,
    unit: 'trace recorded by X-Ray',
    source: 'https://aws.amazon.com/xray/pricing/',
  },
  kmsKeyMonth: {
    dollars: 1,
    unit: 'month of a KMS key',
    source: 'https://aws.amazon.com/kms/pricing/',
  },
  kmsRequest: {
    dollars: 0.03 / 10_000,
    unit: 'request of KMS',
    source: 'https://aws.amazon.com/kms/pricing/',
  },
  codePipelineMinute: {
    dollars: 0.002,
    unit: 'minute of an action of CodePipeline V2, rounded up; approvals are free',
    source: 'https://aws.amazon.com/codepipeline/pricing/',
  },
  codeBuildSmallMinute: {
    dollars: 0.005,
    unit: 'minute of CodeBuild on general1.small',
    source: 'https://c3x.dev/resources/aws/aws_codebuild_project/',
  },
  codeBuildMediumMinute: {
    dollars: 0.01,
    unit: 'minute of CodeBuild on general1.medium',
    source: 'https://c3x.dev/resources/aws/aws_codebuild_project/',
  },
} as const satisfies Record<string, Price>;
