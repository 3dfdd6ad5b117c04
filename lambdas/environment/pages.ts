import { pricedDeploymentSchema } from '#page/cost/priced-deployment.ts';
import { jsonVariable } from '#run/environment.ts';
import { count } from './count.ts';

export const PAGES_VARIABLES = {
  /** The parts of the deployment that have a price, to compute what a run costs. */
  SLUICE_PRICED: jsonVariable(pricedDeploymentSchema),
  /** How many days the records of a run are kept. */
  SLUICE_KEEP_DAYS: count,
};
