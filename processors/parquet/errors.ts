import { PermanentError } from '../contract/permanent-error.ts';

/** The content is none of the formats that can become a table, or is a table beyond what is taken. */
export class NoTableError extends PermanentError {
  override readonly name = 'NoTableError';
}

/** The unpacked input needs more disk than the item may take. */
export class InputTooLargeError extends PermanentError {
  override readonly name = 'InputTooLargeError';
}

/** More rows are bad than the options allow, or all of them. */
export class TooManyBadRowsError extends PermanentError {
  override readonly name = 'TooManyBadRowsError';
}

/** An option names a column that the input doesn't have, or would make too many partitions. */
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
