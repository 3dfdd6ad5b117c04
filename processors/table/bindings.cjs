// Replaces @duckdb/node-bindings in the worker's bundle. That package searches node_modules for its native part, and a
// task has no node_modules: native.ts downloads the part and names the file here, before DuckDB is imported.
module.exports = require(process.env.SLUICE_DUCKDB_BINDINGS);
