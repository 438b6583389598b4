-- The tables. Everything may be run again, by many at once. Descriptions are put in from
-- the catalogue, so a column is one line, and a statement ends with a semicolon at the end of its line.
-- BigQuery enforces no key: the keys tell readers and the optimizer what the writers see to. scene_lease is not here: it is made
-- before anything else, because who migrates takes a lease first.

-- Made together with its one row: two INSERTs never conflict, but only one CREATE makes the table. Version 0: an installation
-- that did not come to its end.
CREATE TABLE IF NOT EXISTS `:DATASET.scene_meta` (
  only_row BOOL NOT NULL,
  schema_version INT64 NOT NULL,
  normalizer_version INT64 NOT NULL,
  first_seen STRING NOT NULL,
  time_zone STRING NOT NULL,
  catalog_hash STRING NOT NULL,
  rebuilding BOOL NOT NULL,
  PRIMARY KEY (only_row) NOT ENFORCED
)
AS SELECT true, 0, :NORMALIZER_VERSION, :FIRST_SEEN, :TIME_ZONE, '', false;

CREATE TABLE IF NOT EXISTS `:DATASET.scene_payload` (
  payload_hash STRING NOT NULL,
  body BYTES NOT NULL,
  byte_length INT64 NOT NULL,
  PRIMARY KEY (payload_hash) NOT ENFORCED
)
CLUSTER BY payload_hash;

CREATE TABLE IF NOT EXISTS `:DATASET.scene_observation` (
  app_id STRING NOT NULL,
  observed_at TIMESTAMP NOT NULL,
  status STRING NOT NULL,
  payload_hash STRING,
  error_code STRING,
  error_message STRING,
  hold_reason STRING,
  decided_at TIMESTAMP,
  decision_note STRING,
  run_id STRING NOT NULL,
  PRIMARY KEY (app_id, observed_at) NOT ENFORCED
)
PARTITION BY DATE(observed_at)
CLUSTER BY app_id;

CREATE TABLE IF NOT EXISTS `:DATASET.scene_account` (
  app_id STRING NOT NULL,
  revision INT64 NOT NULL,
  last_ok_at TIMESTAMP,
  last_observed_at TIMESTAMP,
  last_payload_hash STRING,
  last_attempt_at TIMESTAMP NOT NULL,
  last_error_code STRING,
  last_error_message STRING,
  removals_suspended_since TIMESTAMP,
  PRIMARY KEY (app_id) NOT ENFORCED
)
CLUSTER BY app_id;

CREATE TABLE IF NOT EXISTS `:DATASET.dim_scene` (
  version_id STRING NOT NULL,
  scene_id STRING NOT NULL,
  app_id STRING NOT NULL,
  scene_key STRING NOT NULL,
  scene_value INT64,
  value_kind STRING NOT NULL,
  is_aggregate BOOL NOT NULL,
  scene_name STRING NOT NULL,
  effective_from TIMESTAMP NOT NULL,
  effective_to TIMESTAMP NOT NULL,
  is_current BOOL NOT NULL,
  end_reason STRING,
  first_observed_at TIMESTAMP NOT NULL,
  PRIMARY KEY (version_id) NOT ENFORCED
)
CLUSTER BY app_id, scene_key;

CREATE TABLE IF NOT EXISTS `:DATASET.scene_run` (
  run_id STRING NOT NULL,
  command STRING NOT NULL,
  started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP,
  outcome STRING,
  accounts_selected INT64 NOT NULL,
  accounts_changed INT64 NOT NULL,
  accounts_unchanged INT64 NOT NULL,
  accounts_held INT64 NOT NULL,
  accounts_skipped INT64 NOT NULL,
  accounts_failed INT64 NOT NULL,
  accounts_fresh INT64 NOT NULL,
  accounts_unreached INT64 NOT NULL,
  observations_recorded INT64 NOT NULL,
  observations_duplicate INT64 NOT NULL,
  versions_opened INT64 NOT NULL,
  versions_closed INT64 NOT NULL,
  versions_rewritten INT64 NOT NULL,
  versions_removed INT64 NOT NULL,
  rejects INT64 NOT NULL,
  program_version STRING NOT NULL,
  batches INT64 NOT NULL,
  PRIMARY KEY (run_id) NOT ENFORCED
)
PARTITION BY TIMESTAMP_TRUNC(started_at, MONTH);

CREATE TABLE IF NOT EXISTS `:DATASET.scene_reject` (
  run_id STRING NOT NULL,
  app_id STRING NOT NULL,
  observed_at TIMESTAMP NOT NULL,
  row_index INT64 NOT NULL,
  reason STRING NOT NULL,
  raw STRING NOT NULL,
  PRIMARY KEY (app_id, observed_at, row_index, run_id) NOT ENFORCED
)
CLUSTER BY app_id;

-- The roster of the last full run is the rows without left_at.
CREATE TABLE IF NOT EXISTS `:DATASET.scene_roster` (
  app_id STRING NOT NULL,
  first_listed_at TIMESTAMP NOT NULL,
  last_listed_at TIMESTAMP NOT NULL,
  left_at TIMESTAMP,
  PRIMARY KEY (app_id) NOT ENFORCED
);

CREATE TABLE IF NOT EXISTS `:DATASET.access_source` (
  access_source_key STRING NOT NULL,
  access_source_name STRING NOT NULL,
  origin STRING NOT NULL,
  PRIMARY KEY (access_source_key) NOT ENFORCED
);

CREATE TABLE IF NOT EXISTS `:DATASET.launch_scene` (
  launch_scene INT64 NOT NULL,
  launch_scene_name STRING,
  access_source_key STRING NOT NULL,
  mapping STRING NOT NULL,
  PRIMARY KEY (launch_scene) NOT ENFORCED
);
