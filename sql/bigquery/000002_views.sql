-- The contract with BI tools, with the same names, columns and rows as in Postgres. Only CREATE OR REPLACE. Descriptions are put
-- in from the catalogue. No window function in a view: it would stop predicates from reaching the clusters of dim_scene through the view.
-- The row of 32 zeros is the unknown member, for facts that hold version_id. access_source_of() is made with the bundled tables.

CREATE OR REPLACE VIEW `:DATASET.scene_current` AS
SELECT
  d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at,
  a.last_ok_at AS last_confirmed_at,
  DATE(d.effective_from, (SELECT m.time_zone FROM `:DATASET.scene_meta` AS m)) AS effective_from_date
FROM `:DATASET.dim_scene` AS d
LEFT JOIN `:DATASET.scene_account` AS a ON a.app_id = d.app_id
WHERE d.effective_to = TIMESTAMP '9999-12-31 00:00:00+00'
UNION ALL
SELECT
  '00000000000000000000000000000000', '00000000000000000000000000000000',
  '', '', CAST(NULL AS INT64), 'text', false, '未知',
  TIMESTAMP '1970-01-01 00:00:00+00', TIMESTAMP '9999-12-31 00:00:00+00', true, CAST(NULL AS STRING),
  TIMESTAMP '1970-01-01 00:00:00+00',
  CAST(NULL AS TIMESTAMP),
  DATE(TIMESTAMP '1970-01-01 00:00:00+00', (SELECT m.time_zone FROM `:DATASET.scene_meta` AS m));

-- The open end stays 9999-12-31 in every time zone; DATE would make it the 30th west of Greenwich.
CREATE OR REPLACE VIEW `:DATASET.scene_history` AS
SELECT
  d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at,
  DATE(d.effective_from, (SELECT m.time_zone FROM `:DATASET.scene_meta` AS m)) AS effective_from_date,
  CASE
    WHEN d.effective_to = TIMESTAMP '9999-12-31 00:00:00+00' THEN DATE '9999-12-31'
    ELSE DATE(d.effective_to, (SELECT m.time_zone FROM `:DATASET.scene_meta` AS m))
  END AS effective_to_date
FROM `:DATASET.dim_scene` AS d
UNION ALL
SELECT
  '00000000000000000000000000000000', '00000000000000000000000000000000',
  '', '', CAST(NULL AS INT64), 'text', false, '未知',
  TIMESTAMP '1970-01-01 00:00:00+00', TIMESTAMP '9999-12-31 00:00:00+00', true, CAST(NULL AS STRING),
  TIMESTAMP '1970-01-01 00:00:00+00',
  DATE(TIMESTAMP '1970-01-01 00:00:00+00', (SELECT m.time_zone FROM `:DATASET.scene_meta` AS m)),
  DATE '9999-12-31';

CREATE OR REPLACE TABLE FUNCTION `:DATASET.scene_as_of`(ts TIMESTAMP) AS
SELECT
  d.version_id, d.scene_id, d.app_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at
FROM `:DATASET.dim_scene` AS d
WHERE d.effective_from <= ts AND d.effective_to > ts;

-- A correlated look for the version before would be refused, and a window over the key lets a filter on account or key through.
CREATE OR REPLACE TABLE FUNCTION `:DATASET.scene_changes`(since TIMESTAMP, until TIMESTAMP) AS
SELECT
  v.app_id, v.scene_key, v.effective_from AS changed_at,
  CASE
    WHEN v.old_end IS NULL THEN 'opened'
    WHEN v.old_end = v.effective_from THEN 'renamed'
    ELSE 'returned'
  END AS change,
  v.old_name, v.scene_name AS new_name
FROM (
  SELECT
    d.app_id, d.scene_key, d.effective_from, d.scene_name,
    LAG(d.effective_to) OVER (PARTITION BY d.app_id, d.scene_key ORDER BY d.effective_from) AS old_end,
    LAG(d.scene_name) OVER (PARTITION BY d.app_id, d.scene_key ORDER BY d.effective_from) AS old_name
  FROM `:DATASET.dim_scene` AS d
  WHERE d.effective_from < until
) AS v
WHERE v.effective_from >= since
UNION ALL
SELECT d.app_id, d.scene_key, d.effective_to, 'removed', d.scene_name, CAST(NULL AS STRING)
FROM `:DATASET.dim_scene` AS d
WHERE d.end_reason = 'removed' AND d.effective_to >= since AND d.effective_to < until;

CREATE OR REPLACE VIEW `:DATASET.scene_by_launch_scene` AS
SELECT
  d.app_id, l.launch_scene, l.launch_scene_name, l.mapping,
  d.version_id, d.scene_id, d.scene_key, d.scene_value, d.value_kind, d.is_aggregate, d.scene_name,
  d.effective_from, d.effective_to, d.is_current, d.end_reason, d.first_observed_at
FROM `:DATASET.dim_scene` AS d
JOIN `:DATASET.launch_scene` AS l ON l.access_source_key = d.scene_key;

CREATE OR REPLACE VIEW `:DATASET.scene_freshness` AS
SELECT a.app_id, a.last_ok_at, a.last_attempt_at, a.last_error_code, a.removals_suspended_since
FROM `:DATASET.scene_account` AS a;

-- A full join in two halves: a filter on app_id does not pass the COALESCE of a FULL JOIN. A community key
-- that an account does not have is no row: nobody promised it.
CREATE OR REPLACE VIEW `:DATASET.scene_drift` AS
SELECT
  a.app_id, s.access_source_key AS scene_key, s.access_source_name AS bundled_name, d.scene_name,
  CASE
    WHEN d.version_id IS NULL THEN 'missing'
    WHEN s.origin = 'community' THEN 'seen_elsewhere'
    WHEN d.scene_name = s.access_source_name THEN 'matched'
    ELSE 'renamed'
  END AS drift
FROM `:DATASET.scene_account` AS a
CROSS JOIN `:DATASET.access_source` AS s
LEFT JOIN `:DATASET.dim_scene` AS d
  ON d.app_id = a.app_id AND d.scene_key = s.access_source_key AND d.effective_to = TIMESTAMP '9999-12-31 00:00:00+00'
WHERE a.last_ok_at IS NOT NULL AND (s.origin <> 'community' OR d.version_id IS NOT NULL)
UNION ALL
SELECT d.app_id, d.scene_key, CAST(NULL AS STRING), d.scene_name, 'new'
FROM `:DATASET.dim_scene` AS d
JOIN `:DATASET.scene_account` AS a ON a.app_id = d.app_id AND a.last_ok_at IS NOT NULL
WHERE d.effective_to = TIMESTAMP '9999-12-31 00:00:00+00'
  AND NOT EXISTS (SELECT 1 FROM `:DATASET.access_source` AS s WHERE s.access_source_key = d.scene_key);
