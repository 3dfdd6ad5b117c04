import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Runs the test of what roles were granted after all others: it looks back on what they asked for. */
export class GrantsLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLast = ({ moduleId }: TestSpecification) => moduleId.endsWith('/test/e2e/grants.test.ts');
    return [...sorted.filter((file) => !isLast(file)), ...sorted.filter(isLast)];
  }
}
