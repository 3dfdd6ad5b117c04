import { DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';

/** SQS accepts at most ten entries a call. */
const ENTRIES_PER_CALL = 10;

interface Waiting {
  readonly receiptHandle: string;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

/** SQS did not delete a message. Its item is recorded already, so the next delivery finds nothing to do. */
export class DeleteError extends Error {
  override readonly name = 'DeleteError';
}

/**
 * Deletes messages. Those that arrive while a call is under way are sent together in the next call: a single message
 * waits for nothing, and many tiny items share a call of ten.
 */
export class BatchedDeletes {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  #waiting: Waiting[] = [];
  #sending = false;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  /** Resolves when SQS has deleted the message. @throws DeleteError, or the error of the call. */
  delete(receiptHandle: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ receiptHandle, resolve, reject });
      if (!this.#sending) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0) await this.#sendBatch(this.#waiting.splice(0, ENTRIES_PER_CALL));
    this.#sending = false;
  }

  async #sendBatch(batch: readonly Waiting[]): Promise<void> {
    try {
      const { Failed: failed = [] } = await this.#client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#queueUrl,
          Entries: batch.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
        }),
      );
      const reasons = new Map(failed.map((entry) => [entry.Id, `${entry.Code}: ${entry.Message ?? ''}`]));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const reason = reasons.get(String(index));
        if (reason === undefined) resolve();
        else reject(new DeleteError(`a message could not be deleted: ${reason}`));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error as Error);
    }
  }
}
