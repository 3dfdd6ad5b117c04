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
 * A ranged transfer as one process works on it, from where the process opened it, or took its state up, to its close: redirects
 * are resolved once, connections are kept, and retries are counted together.
 */
export class RangedTransfer {
  /** As JSON, for other processes. */
  readonly state: TransferState;
  readonly #context: Context;
  /** Retries of the processes before this one. */
  readonly #retriesBefore: number;
  #retriesReported: number;

  constructor(context: Context, state: TransferState, retriesBefore: number) {
    this.#context = context;
    this.state = state;
    this.#retriesBefore = retriesBefore;
    this.#retriesReported = retriesOf(context);
  }

  /**
   * Sends the parts of a slice that S3 hasn't got, several at once. Any process may do it, again and again: what ListParts
   * shows is never sent twice, and what a dead process had in flight is simply asked for again.
   *
   * @throws SourceChangedError and UploadVanishedError's kin of BeginAgainError: abandon, and open again; SourceRefusedError,
   *   SourceUnavailableError, StorageError, or the signal's reason. The upload stays open: the caller abandons it.
   */
  async uploadSlice(slice: Slice, options: SliceOptions = {}, first?: FirstPart): Promise<SliceOutcome> {
    const outcome = await uploadSlice(this.#context, this.state, slice, options, first);
    const all = retriesOf(this.#context);
    const retries = all - this.#retriesReported;
    this.#retriesReported = all;
    return { ...outcome, retries };
  }

  /**
   * Makes the object out of its parts, once each of them stands in S3 with the plan's size and its proof's CRC.
   *
   * It may be called again after its process died: an object that this transfer has made already is recognised.
   *
   * @throws PartsMissingError with the numbers to upload; ProofFailedError, ObjectExistsError: abandon; UploadVanishedError:
   *   abandon and open again; StorageError, OutcomeUnknownError. The upload stays open: the caller abandons it.
   */
  async close({ retries = 0, ...options }: CloseOptions = {}): Promise<Landed> {
    const landed = await closeTransfer(this.#context, this.state, options);
    return { ...landed, retries: this.#retriesBefore + retries + retriesOf(this.#context) };
  }

  /**
   * Gives the transfer up: aborts its upload until S3 knows it no more. Harmless where it is gone already, and where it was
   * closed: the object stays.
   *
   * Other processes' slices stop by themselves when they meet NoSuchUpload; a part that one of them has in flight may
   * still come in, so call it again after the longest time that a slice takes.
   *
   * @throws StorageError where S3 keeps failing.
   */
  abandon(): Promise<void> {
    return abandonUpload(this.#context, this.state);
  }
}

/**
 * Takes a transfer up that another process, or an earlier one, has opened. Source, destination and options are given anew:
 * the state holds none of them.
 *
 * @throws InvalidOptionsError; InvalidDestinationError where the state is of another object; zod's error where it is no state.
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
      `the state is of s3://${state.bucket}/${state.key}, the destination is s3://${destination.bucket}/${destination.key}`,
    );
  }
  return new RangedTransfer(contextOf(source, destination, options), state, state.retries);
}
