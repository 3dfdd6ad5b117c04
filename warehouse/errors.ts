/** A load can't be done as it is: the table, its columns, its data, or what its user may do. Trying again changes nothing. */
export class LoadFailedError extends Error {
  override readonly name = 'LoadFailedError';
}
