/** Returns whether a shell reads a word unchanged, and the word can't be an option. */
export function isPlainWord(word: string): boolean {
  return /^[\w./=+@%:,][\w./=+@%:,-]*$/.test(word);
}

/** The deployment that a command names. */
export interface Place {
  readonly stack: string;
  /** Whether it is the embedded AWS on a person's machine. */
  readonly isLocal: boolean;
}

/** The account of the embedded AWS: AWS assigns no account of zeroes. */
const EMBEDDED_ACCOUNT = '000000000000';

/** The deployment of an execution. Its state machine has the stack's name. */
export function placeOf(executionArn: string): Place {
  const [, , , , account = '', , stack = ''] = executionArn.split(':');
  return { stack, isLocal: account === EMBEDDED_ACCOUNT };
}

/** Returns `npx sluice retry night`, with options for the deployment if it is not the default one. */
export function sluiceCommand(place: Place, ...words: readonly string[]): string {
  const stack = place.stack === 'Sluice' ? [] : ['--stack', place.stack];
  return ['npx sluice', ...words, ...stack, ...(place.isLocal ? ['--local'] : [])].join(' ');
}
