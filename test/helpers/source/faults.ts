/** Everything that the source can do wrong, or at least not plainly right. Faults combine: each changes the answer further. */
export * from './faults/body.ts';
export * from './faults/connection.ts';
export * from './faults/hashes.ts';
export * from './faults/head.ts';
export * from './faults/ranges.ts';
export * from './faults/status.ts';
export * from './faults/versions.ts';
