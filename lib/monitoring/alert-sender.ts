/** How alerts of a stack name their sender: a person sees which deployment they are of, and that it is one of Sluice. */
export function senderOf(stackName: string): string {
  return stackName.startsWith('Sluice') ? stackName : `Sluice ${stackName}`;
}
