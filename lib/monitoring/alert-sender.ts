/**
 * Returns the name of the sender of a stack's alerts: a person sees which deployment it is, and that it belongs to
 * Sluice.
 */
export function senderOf(stackName: string): string {
  return stackName.startsWith('Sluice') ? stackName : `Sluice ${stackName}`;
}
