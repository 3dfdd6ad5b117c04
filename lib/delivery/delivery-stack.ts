import { Aws, DefaultStackSynthesizer, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { BuildSpec, Cache, ComputeType, LinuxBuildImage } from 'aws-cdk-lib/aws-codebuild';
import { Repository } from 'aws-cdk-lib/aws-codecommit';
import { PipelineNotificationEvents, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import { DetailType } from 'aws-cdk-lib/aws-codestarnotifications';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import {
  CodeBuildStep,
  CodePipeline,
  CodePipelineSource,
  type IFileSetProducer,
  ManualApprovalStep,
} from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { ownPackage } from '../own-package.ts';
import { placeOf } from '../settings/delivery-rules.ts';
import type { DeliverySettings, StageSettings } from '../settings/delivery-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { settingsOfStage } from '../settings/settings-of-stage.ts';
import { DeliveryStage, type Programs } from './delivery-stage.ts';
import { stageRoleArn } from './stage-access.ts';
import { roleByName } from './trust.ts';

/** Node of CodeBuild's image: it installs the packages, and the Node 24 of the scripts is among them. */
const NODE = 22;
/** How long artifacts and downloaded packages are kept. Each push writes new ones. */
const ARTIFACT_DAYS = 30;
const LOG_DAYS = 30;
/** The tests take ten minutes on two cores. */
const SYNTH_MINUTES = 90;
/** For a rollback, after the longest run. */
const ROLLBACK_MINUTES = 90;
/** The asset publisher that CDK's pipeline installs. Without a version, it would be the newest one of the day. */
const CDK_ASSETS = '4.7.3';

export interface DeliveryStackProps extends StackProps {
  readonly settings: Settings;
  readonly delivery: DeliverySettings;
  readonly programs?: Programs;
}

/**
 * A pipeline that deploys the app at each push to its branch, stage by stage, after it has updated itself. After each
 * deploy, a run of a small known source has to end complete. If it does not, the stage's earlier template is deployed
 * again and the pipeline ends.
 *
 * It is deployed once by hand; after that it updates itself.
 */
export class DeliveryStack extends Stack {
  readonly #delivery: DeliverySettings;
  readonly #artifacts: IBucket;
  readonly #code: IFileSetProducer;

  constructor(scope: Construct, id: string, { settings, delivery, programs, ...props }: DeliveryStackProps) {
    super(scope, id, props);
    this.#delivery = delivery;
    // CDK's own types don't hold under exactOptionalPropertyTypes.
    this.#code = this.#source() as IFileSetProducer;
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: `/sluice/${this.stackName}`,
      retention: LOG_DAYS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Another account can't use the key that S3 manages for this one.
    const isAcross = delivery.stages.some((stage) => placeOf(delivery, stage).account !== delivery.account);
    this.#artifacts = this.#artifactBucket(isAcross);
    const pipeline = new CodePipeline(this, 'Pipeline', {
      pipelineName: this.stackName,
      pipelineType: PipelineType.V2,
      crossAccountKeys: isAcross,
      artifactBucket: this.#artifacts,
      selfMutation: true,
      // One project for all assets, not one for each.
      publishAssetsInParallel: false,
      cliVersion: ownPackage.devDependencies['aws-cdk'] as string,
      cdkAssetsCliVersion: CDK_ASSETS,
      codeBuildDefaults: {
        buildEnvironment: { buildImage: LinuxBuildImage.STANDARD_7_0, computeType: ComputeType.SMALL },
        partialBuildSpec: BuildSpec.fromObject({ phases: { install: { 'runtime-versions': { nodejs: NODE } } } }),
        logging: { cloudWatch: { logGroup: logs } },
      },
      synth: this.#synth(settings, this.#code) as IFileSetProducer,
    });
    for (const stage of delivery.stages) this.#addStage(pipeline, settings, stage, programs);
    pipeline.buildPipeline();
    this.#useConnection(pipeline);
    this.#notify(pipeline);
  }

  #source(): CodePipelineSource {
    const { source, repository, branch, connectionArn } = this.#delivery;
    if (source === 'codecommit') {
      return CodePipelineSource.codeCommit(Repository.fromRepositoryName(this, 'Repository', repository), branch);
    }
    if (connectionArn === undefined) throw new Error('the settings let a connection without an ARN through');
    return CodePipelineSource.connection(repository, branch, { connectionArn });
  }

  /** CDK grants the action under the service's former name, which newer connections don't know. */
  #useConnection(pipeline: CodePipeline): void {
    const { connectionArn } = this.#delivery;
    if (connectionArn === undefined) return;
    const source = pipeline.pipeline.node.findChild('Source');
    const role = source.node.findAll().find((one) => one instanceof Role);
    if (role === undefined) throw new Error('the source has no role');
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ['codeconnections:UseConnection'], resources: [connectionArn] }),
    );
  }

  /**
   * The commands of the README. The packages are installed again each time; the downloads of npm and pip are cached.
   */
  #synth(settings: Settings, input: IFileSetProducer): CodeBuildStep {
    const { test } = this.#delivery;
    const lookups = this.#lookupRoles(settings);
    return new CodeBuildStep('Synth', {
      input,
      installCommands: ['npm ci'],
      commands: [...(test.trim() === '' ? [] : [test]), 'npm run synth'],
      primaryOutputDirectory: 'cdk.out',
      // The tests take more memory than anything else.
      buildEnvironment: { computeType: ComputeType.MEDIUM },
      cache: Cache.bucket(this.#artifacts, { prefix: 'cache' }),
      // CodeBuild runs its commands as root. These are the folders where npm and pip keep their downloads then.
      partialBuildSpec: BuildSpec.fromObject({ cache: { paths: ['/root/.npm/**/*', '/root/.cache/pip/**/*'] } }),
      timeout: Duration.minutes(SYNTH_MINUTES),
      rolePolicyStatements: lookups.length === 0 ? [] : [assume(lookups)],
    });
  }

  /** The roles with which a synth looks up an existing VPC. */
  #lookupRoles(settings: Settings): string[] {
    const withVpc = this.#delivery.stages.filter(
      (stage) => settingsOfStage(settings, stage).network?.vpcId !== undefined,
    );
    return withVpc.map((stage) => {
      const { account, region } = placeOf(this.#delivery, stage);
      return `arn:${Aws.PARTITION}:iam::${account}:role/cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-lookup-role-${account}-${region}`;
    });
  }

  #addStage(pipeline: CodePipeline, settings: Settings, stage: StageSettings, programs?: Programs): void {
    const delivery = this.#delivery;
    const roleName = `${this.stackName}-${stage.name}-smoke`;
    const deployed = new DeliveryStage(this, {
      settings,
      delivery,
      stage,
      by: roleByName(this.account, roleName),
      ...(programs && { programs }),
    });
    pipeline.addStage(deployed, {
      pre: stage.approval ? [new ManualApprovalStep('Approve', { comment: `Deploy to ${stage.name}?` })] : [],
      post: [this.#smoke(deployed, roleName)],
    });
  }

  /** A run after the deploy, and the rollback if the run is not complete: docs/delivery.md. */
  #smoke({ stageName, place }: DeliveryStage, roleName: string): CodeBuildStep {
    const { smoke, smokeMinutes } = this.#delivery;
    const roles = (['smoke', 'rollback'] as const).map((role) => stageRoleArn(role, place));
    return new CodeBuildStep('Smoke', {
      input: this.#code,
      projectName: `${this.stackName}-${stageName}-smoke`,
      role: new Role(this, `${stageName}-smoke-role`, {
        roleName,
        description: `Assumes the two roles of the stage ${stageName}, and may do nothing else`,
        assumedBy: new ServicePrincipal('codebuild.amazonaws.com'),
      }),
      rolePolicyStatements: [assume(roles)],
      env: {
        SLUICE_STACK: place.stackName,
        SLUICE_REGION: place.region,
        SLUICE_SMOKE: JSON.stringify(smoke),
        SLUICE_SMOKE_ROLE: roles[0] ?? '',
        SLUICE_ROLLBACK_ROLE: roles[1] ?? '',
      },
      installCommands: ['npm ci'],
      commands: [
        `printf '%s' "$SLUICE_SMOKE" | AWS_REGION="$SLUICE_REGION" npx sluice smoke --input - --minutes ${smokeMinutes} --smoke-role "$SLUICE_SMOKE_ROLE" --rollback-role "$SLUICE_ROLLBACK_ROLE"`,
      ],
      timeout: Duration.minutes(smokeMinutes + ROLLBACK_MINUTES),
    });
  }

  /** The bucket for artifacts that the stages' builds pass on, and for the cache. */
  #artifactBucket(isAcross: boolean): IBucket {
    const key = isAcross
      ? new Key(this, 'ArtifactKey', {
          description: `Artifacts of ${this.stackName}, for the accounts of its stages`,
          enableKeyRotation: true,
          removalPolicy: RemovalPolicy.DESTROY,
        })
      : undefined;
    return new Bucket(this, 'Artifacts', {
      ...(key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: [{ id: 'old-artifacts', expiration: Duration.days(ARTIFACT_DAYS) }],
    }) as IBucket;
  }

  #notify(pipeline: CodePipeline): void {
    const { email, topic: arn } = this.#delivery;
    if (email === undefined && arn === undefined) return;
    const topic: ITopic =
      arn === undefined
        ? new Topic(this, 'Topic', { displayName: this.stackName, enforceSSL: true })
        : Topic.fromTopicArn(this, 'Topic', arn);
    if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
    pipeline.pipeline.notifyOn('Notify', topic, {
      detailType: DetailType.FULL,
      notificationRuleName: this.stackName,
      events: [
        PipelineNotificationEvents.PIPELINE_EXECUTION_FAILED,
        PipelineNotificationEvents.PIPELINE_EXECUTION_SUCCEEDED,
        PipelineNotificationEvents.MANUAL_APPROVAL_NEEDED,
      ],
    });
  }
}

function assume(roles: readonly string[]): PolicyStatement {
  return new PolicyStatement({ actions: ['sts:AssumeRole'], resources: [...roles] });
}
