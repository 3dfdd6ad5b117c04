import { PermanentError } from '../contract/permanent-error.ts';

/** The object is broken: a compressed stream that ends early, invalid JSON, a row longer than any real row. */
export class MalformedInputError extends PermanentError {
  override readonly name = 'MalformedInputError';
}

/** A compressed stream unpacks to so many bytes that it is treated as an attack. */
export class DecompressionBombError extends PermanentError {
  override readonly name = 'DecompressionBombError';
}

/** The content has none of the formats that can become a table, or the table exceeds the limits. */
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

/** DuckDB refuses the input. It would refuse the same input again. */
export class ConversionError extends PermanentError {
  override readonly name = 'ConversionError';
}

/** The conversion needs more memory than the item's share. */
export class ConversionMemoryError extends PermanentError {
  override readonly name = 'ConversionMemoryError';
}

/** The worker was deployed without the native part of DuckDB. */
export class ParquetNotDeployedError extends PermanentError {
  override readonly name = 'ParquetNotDeployedError';
}
