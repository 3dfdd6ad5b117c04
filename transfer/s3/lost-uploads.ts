/** The uploads of one key, as S3 tells of them, and its clock. */
interface Uploads {
  readonly client: { readonly config: { readonly systemClockOffset: number } };
  listUploads(signal: AbortSignal): Promise<{ readonly uploadId: string; readonly initiated: Date | undefined }[]>;
  listParts(uploadId: string, first: number, last: number, signal: AbortSignal): Promise<readonly unknown[]>;
  abortUpload(uploadId: string, signal: AbortSignal): Promise<void>;
}

/** S3 states when an upload was begun to the second, by its own clock. */
const CLOCKS_DIFFER_MILLISECONDS = 15_000;

/** For one look, where S3 is not well anyway. */
const LOOK_MILLISECONDS = 15_000;

/**
 * Uploads that a Create may have begun although no answer came.
 *
 * S3 lists an upload's key and the time at which it was begun, and not its metadata, so that its token can't be seen. What is taken
 * for ours: begun at this key since the first Create that failed, and without a part. Another process that has begun to
 * land at the same key in the same moment may lose its upload to this, and begins again.
 */
export class LostUploads {
  readonly #uploads: Uploads;
  readonly #since = Date.now();
  #suspected = false;

  constructor(uploads: Uploads) {
    this.#uploads = uploads;
  }

  /** A Create ended without an answer that says whether it was carried out. */
  suspect(): void {
    this.#suspected = true;
  }

  /**
   * Aborts them where one is suspected. Never rejects: where S3 doesn't list uploads (the permission is missing, it is down), the
   * bucket's lifecycle rule is left to do it.
   *
   * @param own the upload that a later Create has begun.
   */
  async abort(own: string | undefined): Promise<void> {
    if (!this.#suspected) return;
    const uploads = this.#uploads;
    const signal = AbortSignal.timeout(LOOK_MILLISECONDS);
    try {
      const since = this.#since + uploads.client.config.systemClockOffset - CLOCKS_DIFFER_MILLISECONDS;
      for (const { uploadId, initiated } of await uploads.listUploads(signal)) {
        if (uploadId === own || initiated === undefined || initiated.getTime() < since) continue;
        const parts = await uploads.listParts(uploadId, 1, 1, signal);
        if (parts.length === 0) await uploads.abortUpload(uploadId, signal);
      }
    } catch {
      // Said above.
    }
  }
}
