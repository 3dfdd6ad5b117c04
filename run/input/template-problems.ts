import type { ExecutionInput } from './input.ts';
import { filled } from './template.ts';

/** Any time can be used to check whether a template can be filled. */
const SOME_TIME = { scheduledTime: new Date(0), timeZone: 'UTC' };

/**
 * Returns what is wrong with the templates of an input, each problem as a line that begins with its path. Lists of
 * sources are not read.
 */
export function templateProblems({
  sources = [],
  sourcesFrom,
}: Pick<ExecutionInput, 'sources' | 'sourcesFrom'>): string[] {
  const problems: string[] = [];
  const check = (path: string, template = '') => filled(template, path, SOME_TIME, (problem) => problems.push(problem));
  for (const [index, { url, key }] of sources.entries()) {
    check(`sources[${index}].url`, url);
    check(`sources[${index}].key`, key);
  }
  check('sourcesFrom.url', sourcesFrom?.url);
  check('sourcesFrom.key', sourcesFrom?.key);
  return problems;
}
