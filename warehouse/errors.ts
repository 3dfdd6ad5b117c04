/**
 * A load can't succeed in its present form: because of the table, its columns, its data, or the rights of its user.
 * Another attempt changes nothing.
 */
export class LoadFailedError extends Error {
  override readonly name = 'LoadFailedError';
}
