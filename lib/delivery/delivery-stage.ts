import { Aws, Stage } from 'aws-cdk-lib';
import type { IPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { placeOf } from '../settings/delivery-rules.ts';
import type { DeliverySettings, StageSettings } from '../settings/delivery-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { SETTINGS_ARE_COMPLETE, settingsOfStage } from '../settings/settings-of-stage.ts';
import { SluiceStack, type SluiceStackProps } from '../sluice-stack.ts';
import { GitHubRole, gitHubRoleName } from './git-hub-role.ts';
import { StageAccess } from './stage-access.ts';
import { roleByName } from './trust.ts';

/** Replacements for the app's programs: see SluicePipelineProps. */
export type Programs = Pick<SluiceStackProps, 'workerProgram' | 'entries'>;

export interface DeliveryStageProps {
  readonly settings: Settings;
  readonly delivery: DeliverySettings;
  readonly stage: StageSettings;
  /**
   * Who runs the state machine after the deploy, and restores an earlier template: a role, or a repository's workflow.
   */
  readonly by: IPrincipal | { readonly repository: string };
  readonly programs?: Programs;
}

/**
 * The app in one stage: in the stage's account and region, with its settings, and with the roles of the delivery there.
 */
export class DeliveryStage extends Stage {
  readonly stack: SluiceStack;
  /** What names the stage's place in ARNs. */
  readonly place: { readonly account: string; readonly region: string; readonly stackName: string };

  constructor(scope: Construct, { settings, delivery, stage, by, programs }: DeliveryStageProps) {
    const { account, region } = placeOf(delivery, stage);
    super(scope, stage.name, {
      stageName: stage.name,
      env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
    });
    this.node.setContext(SETTINGS_ARE_COMPLETE, true);
    const own = settingsOfStage(settings, stage);
    const stackName = own.stackName ?? settings.stackName;
    this.stack = new SluiceStack(this, stackName, {
      // Without this, a stage's stacks would begin with its name.
      stackName,
      description: `Sluice, stage ${stage.name}: lands files from the web in S3 and hands them to workers`,
      settings: own,
      ...programs,
    });
    new StageAccess(this.stack, 'Delivery', { pipeline: this.stack.pipeline, trusts: this.#trusts(by, stage.name) });
    this.place = { account: account ?? Aws.ACCOUNT_ID, region: region ?? Aws.REGION, stackName };
  }

  #trusts(by: DeliveryStageProps['by'], environment: string): IPrincipal {
    if (!('repository' in by)) return by;
    new GitHubRole(this.stack, 'GitHub', { repository: by.repository, environment });
    const { account, region, stackName } = this.stack;
    return roleByName(account, gitHubRoleName({ stackName, region }));
  }
}
