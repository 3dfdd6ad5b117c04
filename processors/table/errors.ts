import { PermanentError } from '../contract/permanent-error.ts';

/** The object is broken: a compressed stream that ends early, JSON that is not JSON, a row longer than any row is. */
export class MalformedInputError extends PermanentError {
  override readonly name = 'MalformedInputError';
}

/** A compressed stream unfolds into so much more than went in that it is taken for an attack. */
export class DecompressionBombError extends PermanentError {
  override readonly name = 'DecompressionBombError';
}

/** The content is none of the formats that can become a table, or is a table beyond what is taken. */
export class NoTableError extends PermanentError {
  override readonly name = 'NoTableError';
}

/** The unpacked input needs more disk, or one of its values more memory, than the item may take. */
export class InputTooLargeError extends PermanentError {
  override readonly name = 'InputTooLargeError';
}

/** More rows are bad than the options allow, or all of them. */
export class TooManyBadRowsError extends PermanentError {
  override readonly name = 'TooManyBadRowsError';
}

/** An option names a column that the input does not have, or would make too many partitions. */
export class ColumnError extends PermanentError {
  override readonly name = 'ColumnError';
}

/** DuckDB refuses. The same input would be refused again. */
export class ConversionError extends PermanentError {
  override readonly name = 'ConversionError';
}

/** The conversion needs more memory than the item's share of the task's. */
export class ConversionMemoryError extends PermanentError {
  override readonly name = 'ConversionMemoryError';
}

/** The worker was deployed without the native part of DuckDB. */
export class ParquetNotDeployedError extends PermanentError {
  override readonly name = 'ParquetNotDeployedError';
}
