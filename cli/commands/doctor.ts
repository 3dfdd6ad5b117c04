import { clientConfig } from '../deployment/connect.ts';
import type { Finding } from '../doctor/check.ts';
import {
  checkBootstrap,
  checkCredentials,
  checkMachine,
  checkQuotas,
  checkRegion,
  checkServiceRoles,
  checkStack,
} from '../doctor/checks.ts';
import { EXIT } from '../exit-code.ts';
import type { Screen } from '../screen/screen.ts';

export interface DoctorOptions {
  readonly stack: string;
  readonly local?: boolean;
  readonly json?: boolean;
}

const TONES = { good: 'good', note: 'warning', unknown: 'warning', bad: 'bad' } as const;

/**
 * `sluice doctor`: checks what a deploy and a run need, and says how to get what is missing. It changes nothing.
 *
 * @returns the exit code: failed if something is bad.
 */
export async function doctor({ stack, local, json }: DoctorOptions, screen: Screen): Promise<number> {
  const findings: Finding[] = [];
  const tell = (...found: readonly Finding[]) => {
    findings.push(...found);
    if (json !== true) for (const finding of found) screen.print(lineOf(finding, screen));
  };
  tell(...(await checkMachine()));
  const config = await clientConfig(local === true);
  const { finding, region } = await checkRegion(config);
  tell(finding);
  if (region !== undefined) {
    const credentials = await checkCredentials(config);
    tell(credentials.finding);
    // Without credentials, every further check would report the same.
    if (credentials.taken) {
      tell(await checkBootstrap(config), ...(await checkServiceRoles(config)));
      if (local === true) tell({ check: 'quotas', state: 'good', found: 'the embedded AWS has none' });
      else tell(...(await checkQuotas(config)));
      tell(await checkStack(config, stack));
    }
  }
  if (json === true) screen.print(JSON.stringify(findings));
  return findings.some(({ state }) => state === 'bad') ? EXIT.failed : EXIT.complete;
}

function lineOf({ check, state, found, mend }: Finding, screen: Screen): string {
  const word = screen.paint(TONES[state], state.padEnd(7));
  return `${word}  ${check}: ${found}${mend === undefined ? '' : `\n         → ${mend}`}`;
}
