import type { Connection } from '../deployment/connect.ts';
import type { Screen } from '../screen/screen.ts';

/** What every command on a deployment receives. */
export interface CommandContext extends Connection {
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** Results as JSON for a program, instead of text for a person. */
  readonly json: boolean;
}
