/** Whether a shell takes a word as it is, and no option is meant by it. */
export function isPlainWord(word: string): boolean {
  return /^[\w./=+@%:,][\w./=+@%:,-]*$/.test(word);
}

/** A deployment as a command names it. */
export interface Place {
  readonly stack: string;
  /** The embedded AWS of somebody's machine. */
  readonly isLocal: boolean;
}

/** The account of the embedded AWS: AWS gives out none of zeroes. */
const EMBEDDED_ACCOUNT = '000000000000';

/** The deployment of an execution. Its state machine has the stack's name. */
export function placeOf(executionArn: string): Place {
  const [, , , , account = '', , stack = ''] = executionArn.split(':');
  return { stack, isLocal: account === EMBEDDED_ACCOUNT };
}

/** `npx sluice retry night`, with what names the deployment where that is not the usual one. */
export function sluiceCommand(place: Place, ...words: readonly string[]): string {
  const stack = place.stack === 'Sluice' ? [] : ['--stack', place.stack];
  return ['npx sluice', ...words, ...stack, ...(place.isLocal ? ['--local'] : [])].join(' ');
}
