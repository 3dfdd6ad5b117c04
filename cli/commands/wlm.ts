import { writeFile } from 'node:fs/promises';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { requestLimits } from '#run/aws-requests.ts';
import { type DataApi, REQUEST_SECONDS } from '#warehouse/data-api.ts';
import { adviceOf } from '#warehouse/queues/advice.ts';
import { readLastDays } from '#warehouse/queues/read-queues.ts';
import { type ClientConfig, clientConfig } from '../deployment/connect.ts';
import { findWarehouse } from '../deployment/deployment.ts';
import { EXIT } from '../exit-code.ts';
import { Mistakes } from '../input/mistakes.ts';
import { checkOutputFile } from '../input/output-file.ts';
import type { Screen } from '../screen/screen.ts';
import { UsageError } from '../usage-error.ts';
import { queueLines } from '../wlm/queue-lines.ts';
import { queuePage } from '../wlm/queue-page.ts';

export interface WlmCommand {
  readonly stack: string;
  readonly local?: boolean;
  readonly days: number;
  readonly json?: boolean;
  readonly html?: string;
  readonly workgroup?: string;
  readonly cluster?: string;
  readonly database?: string;
  readonly secret?: string;
  readonly dbUser?: string;
}

/**
 * `sluice wlm`: shows how long queries wait in each queue of the warehouse, and what to change.
 *
 * @throws UsageError if it isn't clear which warehouse is meant; WarehouseError if its system tables can't be read.
 */
export async function wlm(command: WlmCommand, screen: Screen, mistakes = new Mistakes()): Promise<number> {
  if (command.workgroup !== undefined && command.cluster !== undefined)
    mistakes.add('--workgroup and --cluster exclude each other: remove one of them');
  const { html } = command;
  await mistakes.all(() => html !== undefined && checkOutputFile(html, '--html'));
  const clients = await clientConfig(command.local === true);
  const api: DataApi = {
    client: new RedshiftDataClient({ ...clients, ...requestLimits(REQUEST_SECONDS) }),
    warehouse: await warehouseOf(command, clients),
  };
  const report = await readLastDays(api, command.days);
  const advice = adviceOf(report);
  if (command.html !== undefined) await writeFile(command.html, queuePage(report, advice));
  if (command.json === true) screen.print(JSON.stringify({ ...report, advice }));
  else screen.print(queueLines(report, advice, screen.width).join('\n'));
  if (command.html !== undefined) screen.say(`The page is in ${command.html}`);
  return EXIT.complete;
}

async function warehouseOf(command: WlmCommand, clients: ClientConfig): Promise<DataApi['warehouse']> {
  const { workgroup, cluster, database = 'dev', secret, dbUser } = command;
  const named = { ...(workgroup !== undefined && { workgroup }), ...(cluster !== undefined && { cluster }) };
  const user = { ...(secret !== undefined && { secretArn: secret }), ...(dbUser !== undefined && { dbUser }) };
  if (workgroup !== undefined || cluster !== undefined) return { ...named, ...user, database };
  const found = await findWarehouse(new CloudFormationClient(clients), command.stack);
  if (found === undefined) {
    throw new UsageError(`the stack "${command.stack}" has no warehouse: name one by --workgroup or --cluster`);
  }
  return { ...found, ...user, ...(command.database !== undefined && { database: command.database }) };
}
