import type { RowSyntax } from './csv-rows.ts';
import { fieldsOf } from './fields.ts';
import type { Row } from './row.ts';

/** Rows that are held against the first one to tell whether it is a header. */
const MOST_COMPARED = 50;

/**
 * Returns whether the first row contains years besides names, as in `country,1990,1991`, and the second one does not.
 * By its types, which DuckDB uses, such a row looks like the others.
 */
export function isHeaderOfYears(rows: readonly Row[], syntax: RowSyntax): boolean {
  const [first = [], second, ...others] = fieldsOf(rows.slice(0, MOST_COMPARED), syntax);
  if (second === undefined || !areYears(first)) return false;
  if (!areYears(second) && !second.every(isYearOrText)) return true;
  // Years one by one, above values that could be years too and don't follow each other.
  return areConsecutive(first, 3) && ![second, ...others].some((row) => areConsecutive(row, 2));
}

/** Returns whether the first row has only numbers: DuckDB treats `0.5` above integers as a name. */
export function areValues(rows: readonly Row[], syntax: RowSyntax): boolean {
  const [first = []] = fieldsOf(rows.slice(0, 1), syntax);
  const filled = first.filter((field) => field !== '');
  return filled.length > 0 && numbersOf(filled).length === filled.length && !areConsecutive(filled, 3);
}

/** Whether the first row numbers the columns behind an index without a name, as pandas writes a matrix: `,0,1,2`. */
export function isNumbered(rows: readonly Row[], syntax: RowSyntax): boolean {
  const [first = [], ...others] = fieldsOf(rows.slice(0, MOST_COMPARED), syntax);
  const [index, ...numbers] = first;
  const begins = numbers[0] === '0' || numbers[0] === '1';
  return (
    index === '' && begins && areConsecutive(numbers, 2) && others.length > 0 && others.every(([one]) => one !== '')
  );
}

/** A value that a row of data could contain besides years. */
function isYearOrText(field: string): boolean {
  return field === '' || Number.isNaN(Number(field)) || (Number(field) >= 1_500 && Number(field) <= 2_200);
}

function areYears(fields: readonly string[]): boolean {
  const filled = fields.filter((field) => field !== '');
  const numbers = numbersOf(filled);
  const steps = stepsOf(numbers);
  // Years in sequence. Steps of five or ten years, or a descending order, need at least three years.
  const inOrder = steps.has(1) || (numbers.length >= 3 && !steps.has(0)) ? steps.size === 1 : false;
  const areOfNow = numbers.every((year) => Number.isInteger(year) && year >= 1_500 && year <= 2_200);
  return numbers.length >= 2 && numbers.length < filled.length && inOrder && areOfNow;
}

function areConsecutive(fields: readonly string[], least: number): boolean {
  const numbers = numbersOf(fields.filter((field) => field !== ''));
  const steps = stepsOf(numbers);
  return numbers.length >= least && steps.size === 1 && steps.has(1);
}

function numbersOf(fields: readonly string[]): number[] {
  return fields.filter((field) => !Number.isNaN(Number(field))).map(Number);
}

function stepsOf(numbers: readonly number[]): Set<number> {
  return new Set(numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0)));
}
