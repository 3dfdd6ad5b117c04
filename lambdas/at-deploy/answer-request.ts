import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { showSourceLines } from '#run/source-lines.ts';
import { logger } from '../logger.ts';

/** The fields of CloudFormation's request for a custom resource that are used here. */
export const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  ResourceType: z.string(),
  /** The id in the last answer; missing before the first answer. */
  PhysicalResourceId: z.string().optional(),
  ResourceProperties: z.record(z.string(), z.unknown()),
});
export type DeployRequest = z.infer<typeof requestSchema>;

/** CloudFormation accepts an answer of at most 4,096 bytes. */
const MOST_CHARACTERS = 2_000;
const ATTEMPTS = 4;
const ANSWER_SECONDS = 15;

/** CloudFormation did not accept the answer. */
class AnswerNotTakenError extends Error {
  override readonly name = 'AnswerNotTakenError';
}

/**
 * Does what CloudFormation asks for, and always answers: without an answer, a deploy waits for the resource's whole
 * time limit.
 *
 * @param step returns the physical id. If it throws, the deploy fails with the error's message.
 * @throws AnswerNotTakenError if the answer can't be delivered in four attempts.
 */
export async function answerRequest(request: DeployRequest, step: () => Promise<string | undefined>): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = LogicalResourceId } = request;
  const about = { StackId, RequestId, LogicalResourceId };
  let answer: object;
  try {
    answer = { ...about, Status: 'SUCCESS', PhysicalResourceId: (await step()) ?? PhysicalResourceId };
  } catch (error) {
    showSourceLines(error);
    logger.error('a step of the deploy failed', { error });
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    // The physical id stays the same. A new id would tell CloudFormation that the resource was replaced.
    answer = { ...about, Status: 'FAILED', PhysicalResourceId, Reason: reason.slice(0, MOST_CHARACTERS) };
  }
  await put(request.ResponseURL, answer);
}

/**
 * The URL is signed for a request without a content type. So the body is sent as bytes: for a text, fetch would add a
 * content type.
 */
async function put(url: string, answer: object): Promise<void> {
  const body = Buffer.from(JSON.stringify(answer));
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, { method: 'PUT', body, signal: AbortSignal.timeout(ANSWER_SECONDS * 1_000) });
      if (response.ok) return;
      throw new AnswerNotTakenError(`CloudFormation answered ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      logger.warn('the answer to CloudFormation is sent again', { attempt, error });
      await sleep(500 * 2 ** attempt);
    }
  }
}
