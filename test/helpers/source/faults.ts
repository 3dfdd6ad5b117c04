/**
 * Everything that the source can do wrong, or that is at least unusual. Faults combine: each changes the answer
 * further.
 */
export * from './faults/body.ts';
export * from './faults/connection.ts';
export * from './faults/hashes.ts';
export * from './faults/head.ts';
export * from './faults/ranges.ts';
export * from './faults/status.ts';
export * from './faults/versions.ts';
