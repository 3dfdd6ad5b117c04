// Stands in the worker's bundle for @duckdb/node-bindings, which looks for its native part in node_modules, where a task
// has none: native.ts fetches it and names the file here, before anything of DuckDB is imported.
module.exports = require(process.env.SLUICE_DUCKDB_BINDINGS);
