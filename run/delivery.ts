/**
 * Names that the stack of a delivery and the command line use, because the delivery calls the command line.
 */

/** The prefix of the ids of smoke runs. The role of a smoke run may read and stop only runs with this prefix. */
export const SMOKE_RUN = 'smoke';

/** The stack's output that names the bucket of the kept template. */
export const KEPT_TEMPLATE_BUCKET = 'KeptTemplateBucket';

/** The key of the template of the last deploy that passed. */
export function keptTemplateKey(stackName: string): string {
  return `${stackName}.template.json`;
}
