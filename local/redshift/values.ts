import type { Field } from '@aws-sdk/client-redshift-data';
import type { Answer } from './database.ts';

/** The types of Postgres by their numbers: for each, the Data API's name and the form of its values. */
const TYPES: Readonly<Record<number, { readonly name: string; readonly as: 'long' | 'double' | 'boolean' }>> = {
  16: { name: 'bool', as: 'boolean' },
  20: { name: 'int8', as: 'long' },
  21: { name: 'int2', as: 'long' },
  23: { name: 'int4', as: 'long' },
  700: { name: 'float4', as: 'double' },
  701: { name: 'float8', as: 'double' },
};

/** A row of a result as the Data API sends it. */
export function fieldsOf(row: readonly unknown[], columns: Answer['columns']): Field[] {
  return row.map((value, index): Field => {
    if (value === null) return { isNull: true };
    const text = String(value);
    switch (TYPES[columns[index]?.type ?? 0]?.as) {
      case 'boolean':
        return { booleanValue: text === 't' || text === 'true' };
      case 'long':
        return { longValue: Number(text) };
      case 'double':
        return { doubleValue: Number(text) };
      default:
        return { stringValue: text };
    }
  });
}

export function metadataOf(columns: Answer['columns']) {
  return columns.map(({ name, type }) => ({ name, label: name, typeName: TYPES[type]?.name ?? 'varchar' }));
}
