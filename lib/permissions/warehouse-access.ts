import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import { type Access, leave } from './access.ts';

/**
 * Permission to run statements in the warehouse, to get the credentials of its database user, and to read its own
 * statements. https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-access.html
 */
export function warehouseAccess(scope: Construct, settings: RedshiftSettings): Access {
  const { workgroup, cluster = '', database, dbUser, secretArn } = settings;
  const stack = Stack.of(scope);
  const ofCluster = (resource: string, resourceName: string) =>
    stack.formatArn({ service: 'redshift', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  const warehouse = workgroup ?? ofCluster('cluster', cluster);
  const credentials = () => {
    if (secretArn !== undefined) return { actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] };
    if (workgroup !== undefined) return { actions: ['redshift-serverless:GetCredentials'], resources: [workgroup] };
    const databaseArn = ofCluster('dbname', `${cluster}/${database}`);
    return dbUser === undefined
      ? { actions: ['redshift:GetClusterCredentialsWithIAM'], resources: [databaseArn] }
      : {
          actions: ['redshift:GetClusterCredentials'],
          resources: [ofCluster('dbuser', `${cluster}/${dbUser}`), databaseArn],
        };
  };
  return leave({ actions: ['redshift-data:BatchExecuteStatement'], resources: [warehouse] }, credentials(), {
    // These take no resource.
    // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshiftdataapi.html
    actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult', 'redshift-data:CancelStatement'],
    resources: ['*'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of IAM's
    conditions: { StringEquals: { 'redshift-data:statement-owner-iam-userid': '${aws:userid}' } },
  });
}
