import type { ExecutionInput } from './input.ts';
import { fillTemplate, TemplateError } from './template.ts';

/** Any time can be used to check whether a template can be filled. */
const SOME_TIME = new Date(0);

/**
 * Returns what is wrong with the templates of an input, each problem as a line that begins with its path. Lists of
 * sources are not read.
 */
export function templateProblems({
  sources = [],
  sourcesFrom,
}: Pick<ExecutionInput, 'sources' | 'sourcesFrom'>): string[] {
  const templates: (readonly [path: string, template: string | undefined])[] = [
    ...sources.flatMap(({ url, key }, index) => [
      [`sources[${index}].url`, url] as const,
      [`sources[${index}].key`, key] as const,
    ]),
    ['sourcesFrom.url', sourcesFrom?.url],
    ['sourcesFrom.key', sourcesFrom?.key],
  ];
  return templates.flatMap(([path, template = '']) => {
    try {
      fillTemplate(template, SOME_TIME);
      return [];
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return [`${path}: ${error.message}`];
    }
  });
}
