import { IAMClient } from '@aws-sdk/client-iam';
import { requestLimits } from '#run/aws-requests.ts';
import { logged } from '../logged.ts';
import { logger } from '../logger.ts';
import { acceptKey } from './accept-key.ts';
import { answerRequest, requestSchema } from './answer-request.ts';
import { ensureEcsRole } from './ensure-ecs-role.ts';

const iam = new IAMClient(requestLimits());

/**
 * AtDeploy: the steps of a deploy for which CloudFormation has no resource. CloudFormation calls this function and
 * waits for its answer.
 */
export const handler = logged(async (event: unknown) => {
  const request = requestSchema.parse(event);
  const { RequestType, ResourceType } = request;
  logger.info('at-deploy', { RequestType, ResourceType, properties: request.ResourceProperties });
  await answerRequest(request, async () => {
    switch (ResourceType) {
      case 'Custom::EcsServiceRole':
        return RequestType === 'Delete' ? request.PhysicalResourceId : await ensureEcsRole(iam);
      case 'Custom::EncryptionKey':
        return RequestType === 'Delete' ? request.PhysicalResourceId : acceptKey(request);
      default:
        throw new Error(`this function does not support the resource type ${ResourceType}`);
    }
  });
});
