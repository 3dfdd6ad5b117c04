import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { requestLimits } from '#run/aws-requests.ts';
import { EnvironmentError } from '#run/environment.ts';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import { REQUEST_SECONDS } from '#warehouse/data-api.ts';

/**
 * Returns the warehouse that a function's environment describes, with a client for it.
 *
 * @throws EnvironmentError if it describes none.
 */
export function warehouseOf({
  SLUICE_REDSHIFT: warehouse,
}: {
  readonly SLUICE_REDSHIFT?: RedshiftSettings | undefined;
}) {
  if (warehouse === undefined)
    throw new EnvironmentError('the function needs the variable SLUICE_REDSHIFT, which the setting redshift creates');
  return { client: new RedshiftDataClient(requestLimits(REQUEST_SECONDS)), warehouse };
}
