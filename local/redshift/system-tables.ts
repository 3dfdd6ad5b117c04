/**
 * Redshift's own tables and functions that Sluice queries, with their documented columns, built on Postgres's. The
 * tables of workload management begin empty: `week-of-queries.ts` fills them.
 *
 * https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_system-tables.html
 */
export const SYSTEM_TABLES = `
CREATE DOMAIN super AS jsonb;
CREATE VIEW svv_tables AS
  SELECT table_catalog, table_schema, table_name, table_type FROM information_schema.tables;
CREATE VIEW svv_columns AS
  SELECT n.nspname::text AS table_schema, c.relname::text AS table_name, a.attname::text AS column_name,
         a.attnum::int AS ordinal_position, format_type(a.atttypid, a.atttypmod) AS data_type
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'p');
CREATE FUNCTION pg_last_copy_count() RETURNS bigint LANGUAGE sql
  AS $$ SELECT coalesce(nullif(current_setting('sluice.copied', true), ''), '0')::bigint $$;
CREATE FUNCTION user_is_member_of(name, text) RETURNS boolean LANGUAGE sql
  AS $$ SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $2) AND pg_has_role($1, $2, 'member') $$;
CREATE TABLE sys_load_error_detail (
  user_id int, query_id bigint, transaction_id bigint, session_id int, database_name char(64), table_id int,
  start_time timestamp, file_name char(256), line_number bigint, column_name char(127), column_type char(10),
  column_length char(10), position int, error_code int, error_message char(512));
CREATE TABLE stv_wlm_service_class_config (
  service_class int, queueing_strategy char(32), num_query_tasks int, target_num_query_tasks int, evictable char(8),
  eviction_threshold bigint, query_working_mem int, target_query_working_mem int, min_step_mem int, name char(64),
  max_execution_time bigint, user_group_wild_card boolean, query_group_wild_card boolean, concurrency_scaling char(20),
  query_priority char(20));
CREATE TABLE stv_wlm_classification_config (
  id int, condition char(128), action_seq int, action char(64), action_service_class int);
CREATE TABLE stl_wlm_query (
  userid int, xid int, task int, query int, service_class int, slot_count int, service_class_start_time timestamp,
  queue_start_time timestamp, queue_end_time timestamp, total_queue_time bigint, exec_start_time timestamp,
  exec_end_time timestamp, total_exec_time bigint, service_class_end_time timestamp, final_state char(16),
  query_priority char(20));
CREATE TABLE svl_query_summary (query int, userid int, is_diskbased char(1));
CREATE TABLE sys_query_history (
  user_id int, query_id bigint, query_label char(320), transaction_id bigint, session_id int, database_name char(128),
  query_type char(32), status char(10), result_cache_hit boolean, start_time timestamp, end_time timestamp,
  elapsed_time bigint, queue_time bigint, execution_time bigint, error_message char(512), returned_rows bigint,
  returned_bytes bigint, query_text char(4000), redshift_version char(256), usage_limit char(150),
  compute_type varchar(32), compile_time bigint, planning_time bigint, lock_wait_time bigint,
  service_class_id int, service_class_name char(64), query_priority char(20));
CREATE TABLE sys_serverless_usage (
  start_time timestamp, end_time timestamp, compute_seconds double precision, compute_capacity double precision,
  data_storage int, cross_region_transferred_data int, charged_seconds int);
`;
