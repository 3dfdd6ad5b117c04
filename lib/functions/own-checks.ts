import { Duration, Stack } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { bundleChecks } from '../bundling/check-bundle.ts';
import { type Access, leave, variables } from '../permissions/access.ts';
import { SettingsError } from '../settings/read-settings.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import { SluiceFunction } from './sluice-function.ts';

/** The gatekeeper waits 240 seconds for a function. A function that ends before can say why it is late. */
const SECONDS = 230;
const MEMORY_MIB = 512;

export interface OwnChecksProps {
  readonly settings: Pick<Settings, 'gate' | 'logs'>;
  readonly encryption: Encryption;
}

/**
 * The user's own gate checks: a function for each module of the setting `gate.checks`. A function may write its log,
 * and nothing else. So a check has none of the gatekeeper's permissions, and a bug in it can't stop the gate.
 */
export class OwnChecks extends Construct {
  readonly #functions: ReadonlyMap<string, SluiceFunction>;

  constructor(scope: Construct, id: string, { settings, encryption }: OwnChecksProps) {
    super(scope, id);
    const bundles = bundleChecks(settings.gate.checks);
    this.#functions = new Map(
      Object.entries(bundles).map(([name, bundle]) => {
        const fn = new SluiceFunction(this, name, {
          name: `${this.#prefix}${name}`,
          description: `The check ${name} of the gate`,
          bundle,
          memoryMiB: MEMORY_MIB,
          timeout: Duration.seconds(SECONDS),
          encryption,
          logLevel: settings.logs.level,
        });
        fn.give(variables({ NODE_OPTIONS: '--enable-source-maps' }));
        return [name, fn];
      }),
    );
  }

  /** The name of a check's function begins with this. */
  get #prefix(): string {
    return `${Stack.of(this).stackName}-check-`;
  }

  /** @throws SettingsError if there is no check of this name. */
  get(name: string): IFunction {
    const there = this.#functions.get(name);
    if (there === undefined) {
      const names = [...this.#functions.keys()];
      throw new SettingsError([
        `gate.checks: takes a module for the check "${name}", which the app uses, but names ${names.length === 0 ? 'no check' : `only ${names.join(', ')}`}`,
      ]);
    }
    // CDK's own types don't hold under exactOptionalPropertyTypes.
    return there.function as IFunction;
  }

  get logGroups(): ILogGroup[] {
    return [...this.#functions.values()].map(({ logGroup }) => logGroup);
  }

  /** What the gatekeeper needs to call them. */
  access(): Access {
    const resources = [...this.#functions.values()].map((one) => one.function.functionArn);
    return {
      environment: { SLUICE_CHECKS: this.#prefix },
      statements: resources.length === 0 ? [] : leave({ actions: ['lambda:InvokeFunction'], resources }).statements,
    };
  }
}
