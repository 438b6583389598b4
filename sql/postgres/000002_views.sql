-- The contract with BI tools. Only CREATE OR REPLACE: grants and views of users on these objects survive every run of this file.
-- No window function in a view: it would stop predicates from reaching the index of dim_scene through the view.
-- The row of 32 zeros is the unknown member, for facts that hold version_id. Its constants have the types and collations of
-- dim_scene, without which the planner does not look through the UNION ALL. access_source_of() is made with the bundled tables.

CREATE OR REPLACE VIEW :SCHEMA.scene_current AS
SELECT
  d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at,
  a.last_ok_at AS last_confirmed_at,
  (d.effective_from AT TIME ZONE (SELECT m.time_zone FROM :SCHEMA.scene_meta AS m))::date AS effective_from_date
FROM :SCHEMA.dim_scene AS d
LEFT JOIN :SCHEMA.scene_account AS a ON a.app_id = d.app_id
WHERE d.effective_to = TIMESTAMPTZ '9999-12-31 00:00:00+00'
UNION ALL
SELECT
  TEXT '00000000000000000000000000000000' COLLATE "C", TEXT '00000000000000000000000000000000' COLLATE "C",
  TEXT '' COLLATE "C", TEXT '' COLLATE "C", NULL::bigint, TEXT 'text', false, TEXT '未知',
  TIMESTAMPTZ '1970-01-01 00:00:00+00', TIMESTAMPTZ '9999-12-31 00:00:00+00', true, NULL::text,
  TIMESTAMPTZ '1970-01-01 00:00:00+00',
  NULL::timestamptz,
  (TIMESTAMPTZ '1970-01-01 00:00:00+00' AT TIME ZONE (SELECT m.time_zone FROM :SCHEMA.scene_meta AS m))::date;

-- The open end stays 9999-12-31 in every time zone; AT TIME ZONE would make it the 30th west of Greenwich.
CREATE OR REPLACE VIEW :SCHEMA.scene_history AS
SELECT
  d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at,
  (d.effective_from AT TIME ZONE (SELECT m.time_zone FROM :SCHEMA.scene_meta AS m))::date AS effective_from_date,
  CASE
    WHEN d.effective_to = TIMESTAMPTZ '9999-12-31 00:00:00+00' THEN DATE '9999-12-31'
    ELSE (d.effective_to AT TIME ZONE (SELECT m.time_zone FROM :SCHEMA.scene_meta AS m))::date
  END AS effective_to_date
FROM :SCHEMA.dim_scene AS d
UNION ALL
SELECT
  TEXT '00000000000000000000000000000000' COLLATE "C", TEXT '00000000000000000000000000000000' COLLATE "C",
  TEXT '' COLLATE "C", TEXT '' COLLATE "C", NULL::bigint, TEXT 'text', false, TEXT '未知',
  TIMESTAMPTZ '1970-01-01 00:00:00+00', TIMESTAMPTZ '9999-12-31 00:00:00+00', true, NULL::text,
  TIMESTAMPTZ '1970-01-01 00:00:00+00',
  (TIMESTAMPTZ '1970-01-01 00:00:00+00' AT TIME ZONE (SELECT m.time_zone FROM :SCHEMA.scene_meta AS m))::date,
  DATE '9999-12-31';

-- SETOF a type, not RETURNS TABLE: only so do the columns keep their collation, and with it the use of the index. Not the table
-- itself: a column that somebody adds to the table would break the function.
CREATE OR REPLACE FUNCTION :SCHEMA.scene_as_of(ts timestamptz) RETURNS SETOF :SCHEMA.scene_version
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT
    d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
    d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at
  FROM :SCHEMA.dim_scene AS d
  WHERE d.effective_from <= ts AND d.effective_to > ts;
END;

-- RETURNS TABLE: nothing joins a large table to its rows, so they need no collation.
CREATE OR REPLACE FUNCTION :SCHEMA.scene_changes(since timestamptz, until timestamptz)
RETURNS TABLE (app_id text, scene_key text, changed_at timestamptz, change text, old_name text, new_name text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT
    d.app_id, d.scene_key, d.effective_from,
    CASE
      WHEN p.effective_to IS NULL THEN TEXT 'opened'
      WHEN p.effective_to = d.effective_from THEN 'renamed'
      ELSE 'returned'
    END,
    p.scene_name, d.scene_name
  FROM :SCHEMA.dim_scene AS d
  LEFT JOIN LATERAL (
    SELECT b.effective_to, b.scene_name FROM :SCHEMA.dim_scene AS b
    WHERE b.app_id = d.app_id AND b.scene_key = d.scene_key AND b.effective_to <= d.effective_from
    ORDER BY b.effective_to DESC LIMIT 1
  ) AS p ON true
  WHERE d.effective_from >= since AND d.effective_from < until
  UNION ALL
  SELECT d.app_id, d.scene_key, d.effective_to, TEXT 'removed', d.scene_name, NULL::text
  FROM :SCHEMA.dim_scene AS d
  WHERE d.end_reason = 'removed' AND d.effective_to >= since AND d.effective_to < until;
END;

CREATE OR REPLACE VIEW :SCHEMA.scene_by_launch_scene AS
SELECT
  d.app_id, l.launch_scene, l.launch_scene_name, l.mapping,
  d.version_id, d.scene_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at
FROM :SCHEMA.dim_scene AS d
JOIN :SCHEMA.launch_scene AS l ON l.access_source_key = d.scene_key;

CREATE OR REPLACE VIEW :SCHEMA.scene_freshness AS
SELECT a.app_id, a.last_ok_at, a.last_attempt_at, a.last_error_code, a.removals_suspended_since
FROM :SCHEMA.scene_account AS a;

-- A full join in two halves: a filter on app_id does not pass the COALESCE of a FULL JOIN. A community key
-- that an account does not have is no row: nobody promised it.
CREATE OR REPLACE VIEW :SCHEMA.scene_drift AS
SELECT
  a.app_id, s.access_source_key AS scene_key, s.access_source_name AS bundled_name, d.scene_name,
  CASE
    WHEN d.version_id IS NULL THEN TEXT 'missing'
    WHEN s.origin = 'community' THEN TEXT 'seen_elsewhere'
    WHEN d.scene_name = s.access_source_name THEN 'matched'
    ELSE 'renamed'
  END AS drift
FROM :SCHEMA.scene_account AS a
CROSS JOIN :SCHEMA.access_source AS s
LEFT JOIN :SCHEMA.dim_scene AS d
  ON d.app_id = a.app_id AND d.scene_key = s.access_source_key AND d.effective_to = TIMESTAMPTZ '9999-12-31 00:00:00+00'
WHERE a.last_ok_at IS NOT NULL AND (s.origin <> 'community' OR d.version_id IS NOT NULL)
UNION ALL
SELECT d.app_id, d.scene_key, NULL::text, d.scene_name, TEXT 'new'
FROM :SCHEMA.dim_scene AS d
JOIN :SCHEMA.scene_account AS a ON a.app_id = d.app_id AND a.last_ok_at IS NOT NULL
WHERE d.effective_to = TIMESTAMPTZ '9999-12-31 00:00:00+00'
  AND NOT EXISTS (SELECT 1 FROM :SCHEMA.access_source AS s WHERE s.access_source_key = d.scene_key);
