import { abandonUpload } from './abandon.ts';
import { checkOptions } from './check-options.ts';
import { type CloseOptions, closeTransfer } from './close.ts';
import { type Context, contextOf, retriesOf } from './context.ts';
import { InvalidDestinationError } from './errors.ts';
import type { Landed } from './landed.ts';
import type { FirstPart } from './opening/first-part.ts';
import type { Destination, TransferOptions } from './options.ts';
import type { Slice } from './parts/plan.ts';
import type { Source } from './source/session.ts';
import { type TransferState, transferStateSchema } from './state.ts';
import { type SliceOptions, type SliceOutcome, uploadSlice } from './upload-slice.ts';

/**
 * A ranged transfer in one process, from opening or resuming it to its close: redirects are resolved once, connections
 * are kept, and retries are counted together.
 */
export class RangedTransfer {
  /** The state as JSON, for other processes. */
  readonly state: TransferState;
  readonly #context: Context;
  /** Retries of earlier processes. */
  readonly #retriesBefore: number;
  #retriesReported: number;

  constructor(context: Context, state: TransferState, retriesBefore: number) {
    this.#context = context;
    this.state = state;
    this.#retriesBefore = retriesBefore;
    this.#retriesReported = retriesOf(context);
  }

  /**
   * Sends the parts of a slice that S3 lacks, several at once. Any process may call it, any number of times: parts in
   * ListParts are never sent twice, and parts that a dead process was sending are requested again.
   *
   * @throws SourceChangedError, UploadVanishedError and other BeginAgainErrors: abandon, and open again;
   * SourceRefusedError, SourceUnavailableError, StorageError, or the signal's reason. The upload stays open: the caller
   * has to abandon it.
   */
  async uploadSlice(slice: Slice, options: SliceOptions = {}, first?: FirstPart): Promise<SliceOutcome> {
    const outcome = await uploadSlice(this.#context, this.state, slice, options, first);
    const all = retriesOf(this.#context);
    const retries = all - this.#retriesReported;
    this.#retriesReported = all;
    return { ...outcome, retries };
  }

  /**
   * Makes the object from its parts, after each of them is in S3 with the plan's size and its proof's CRC.
   *
   * It may be called again after its process died: it recognises an object that this transfer has made already.
   *
   * @throws PartsMissingError with the numbers to upload; ProofFailedError, ObjectExistsError: abandon;
   * UploadVanishedError: abandon and open again; StorageError, OutcomeUnknownError. The upload stays open: the caller
   * has to abandon it.
   */
  async close({ retries = 0, ...options }: CloseOptions = {}): Promise<Landed> {
    const landed = await closeTransfer(this.#context, this.state, options);
    return { ...landed, retries: this.#retriesBefore + retries + retriesOf(this.#context) };
  }

  /**
   * Abandons the transfer: aborts its upload until S3 does not know it any more. This does no harm if the upload does
   * not exist any more, or if the transfer was closed: the object stays.
   *
   * Slices in other processes stop by themselves at NoSuchUpload. A part that one of them is sending may still arrive,
   * so call this again after the longest time that a slice takes.
   *
   * @throws StorageError if S3 keeps failing.
   */
  abandon(): Promise<void> {
    return abandonUpload(this.#context, this.state);
  }
}

/**
 * Resumes a transfer that another process, or an earlier one, has opened. Source, destination and options are passed
 * again: the state contains none of them.
 *
 * @throws InvalidOptionsError; InvalidDestinationError if the state belongs to another object; zod's error if it is not
 * a state.
 */
export function resumeTransfer(
  state: TransferState,
  source: Source,
  destination: Destination,
  options: TransferOptions = {},
): RangedTransfer {
  checkOptions(source, destination, options, { begins: false });
  transferStateSchema.parse(state);
  if (state.bucket !== destination.bucket || state.key !== destination.key) {
    throw new InvalidDestinationError(
      `the state belongs to s3://${state.bucket}/${state.key}, but the destination is s3://${destination.bucket}/${destination.key}`,
    );
  }
  return new RangedTransfer(contextOf(source, destination, options), state, state.retries);
}
