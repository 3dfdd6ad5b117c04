/** S3's list of the uploads of one key, and S3's clock. */
interface Uploads {
  readonly client: { readonly config: { readonly systemClockOffset: number } };
  listUploads(signal: AbortSignal): Promise<{ readonly uploadId: string; readonly initiated: Date | undefined }[]>;
  listParts(uploadId: string, first: number, last: number, signal: AbortSignal): Promise<readonly unknown[]>;
  abortUpload(uploadId: string, signal: AbortSignal): Promise<void>;
}

/** S3 states when an upload began to the second, by its own clock. */
const CLOCKS_DIFFER_MILLISECONDS = 15_000;

/** The limit for one look, because S3 has a problem at that time anyway. */
const LOOK_MILLISECONDS = 15_000;

/**
 * Uploads that a Create may have begun although no answer came.
 *
 * S3 lists an upload's key and the time of its beginning, but not its metadata, so its token is not visible. An upload
 * counts as ours if it was begun at this key since the first failed Create, and has no part. If another process begins
 * to land at the same key at the same moment, it may lose its upload by this, and begins again.
 */
export class LostUploads {
  readonly #uploads: Uploads;
  readonly #since = Date.now();
  #suspected = false;

  constructor(uploads: Uploads) {
    this.#uploads = uploads;
  }

  /** Records that a Create ended without a clear answer. */
  suspect(): void {
    this.#suspected = true;
  }

  /**
   * Aborts such uploads if one is suspected. Never rejects: if S3 doesn't list uploads (the permission is missing, S3
   * is down), the bucket's lifecycle rule removes them.
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
        try {
          const parts = await uploads.listParts(uploadId, 1, 1, signal);
          if (parts.length === 0) await uploads.abortUpload(uploadId, signal);
        } catch {
          // Its process may have ended it meanwhile. The lost upload may be the next one.
        }
      }
    } catch {
      // See above.
    }
  }
}
