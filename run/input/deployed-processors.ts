import type { ExecutionInput } from './input.ts';

/** What is wrong with asking for a processor that the deployment leaves out, undefined where it has it. */
export function processorProblem(processor: string, deployed: readonly string[]): string | undefined {
  if (deployed.includes(processor)) return undefined;
  return `${processor} is not deployed here (there are ${deployed.join(', ')}); deploy with workers.${processor}=true, or take another`;
}

/** The same for all that an input itself names, each problem as a line that begins with its path. */
export function processorProblems(
  { process, sources = [], work = [] }: Pick<ExecutionInput, 'process' | 'sources' | 'work'>,
  deployed: readonly string[],
): string[] {
  const named: (readonly [path: string, processor: string | undefined])[] = [
    ['process', process?.processor],
    ...sources.map((source, index) => [`sources[${index}].process`, source.process?.processor] as const),
    ...work.map(({ processor }, index) => [`work[${index}].processor`, processor] as const),
  ];
  return named.flatMap(([path, processor]) => {
    const problem = processor && processorProblem(processor, deployed);
    return problem ? [`${path}: ${problem}`] : [];
  });
}
