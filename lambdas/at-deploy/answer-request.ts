import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { logger } from '../logger.ts';

/** What CloudFormation sends for a custom resource, as far as it is read here. */
export const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResourceType: z.string(),
  /** What the last answer named; none before the first. */
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.record(z.string(), z.unknown()),
});
export type DeployRequest = z.infer<typeof requestSchema>;

/** CloudFormation takes an answer of 4,096 bytes in all. */
const MOST_CHARACTERS = 2_000;
const ATTEMPTS = 4;
const ANSWER_SECONDS = 15;

/** CloudFormation's address did not take the answer. */
class AnswerNotTakenError extends Error {
  override readonly name = 'AnswerNotTakenError';
}

/**
 * Does what CloudFormation asks for, and answers it in every case: without an answer a deploy waits for the resource's
 * whole time limit.
 *
 * @param step returns the physical id. What it throws is the deploy's failure, with its message.
 * @throws AnswerNotTakenError where the answer can't be delivered in four attempts.
 */
export async function answerRequest(request: DeployRequest, step: () => Promise<string | undefined>): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = LogicalResourceId } = request;
  const about = { StackId, RequestId, LogicalResourceId };
  let answer: object;
  try {
    answer = { ...about, Status: 'SUCCESS', PhysicalResourceId: (await step()) ?? PhysicalResourceId };
  } catch (error) {
    logger.error('a step of the deploy failed', { error });
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    // The physical id stays, or CloudFormation would take the failure for a replacement.
    answer = { ...about, Status: 'FAILED', PhysicalResourceId, Reason: reason.slice(0, MOST_CHARACTERS) };
  }
  await put(request.ResponseURL, answer);
}

/** The address is signed for a body without a content type, so none is sent: bytes have none, text would get one. */
async function put(url: string, answer: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(answer));
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(ANSWER_SECONDS * 1_000) });
      if (response.ok) return;
      throw new AnswerNotTakenError(`CloudFormation's address answered ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      logger.warn('the answer to CloudFormation is sent again', { attempt, error });
      await sleep(500 * 2 ** attempt);
    }
  }
}
