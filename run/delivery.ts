/**
 * What the stack of a delivery and the command line, which runs in it, agree on.
 */

/** What the id of a run after a deploy begins with. The role of that run may read and stop no others. */
export const SMOKE_RUN = 'smoke';

/** The stack's output that names the bucket of the kept template. */
export const KEPT_TEMPLATE_BUCKET = 'KeptTemplateBucket';

/** Where the template of the deploy that passed last is kept. */
export function keptTemplateKey(stackName: string): string {
  return `${stackName}.template.json`;
}
