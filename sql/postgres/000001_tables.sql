-- The tables. Everything may be run again.

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_meta (
  only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  schema_version     integer NOT NULL,
  normalizer_version integer NOT NULL,
  first_seen         text    NOT NULL CHECK (first_seen IN ('beginning', 'observed')),
  time_zone          text    NOT NULL,
  catalog_hash       text    NOT NULL,
  rebuilding         boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_payload (
  payload_hash text COLLATE "C" PRIMARY KEY,
  body         bytea  NOT NULL,
  byte_length  bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_observation (
  app_id        text COLLATE "C" NOT NULL,
  observed_at   timestamptz NOT NULL,
  status        text NOT NULL CHECK (status IN ('ok', 'held', 'failed')),
  payload_hash  text COLLATE "C",
  error_code    text,
  error_message text,
  hold_reason   text CHECK (hold_reason IN ('empty', 'shrink', 'manual')),
  decided_at    timestamptz,
  decision_note text,
  run_id        text NOT NULL,
  PRIMARY KEY (app_id, observed_at),
  CHECK ((payload_hash IS NULL) = (status = 'failed')),
  CHECK (decision_note IS NULL OR decided_at IS NOT NULL)
);
-- Decisions are few: whoever looks for their notes does not read the log.
CREATE INDEX IF NOT EXISTS scene_observation_noted ON :SCHEMA.scene_observation (app_id, observed_at) WHERE decision_note IS NOT NULL;

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_account (
  app_id                   text COLLATE "C" PRIMARY KEY,
  revision                 bigint NOT NULL,
  last_ok_at               timestamptz,
  last_observed_at         timestamptz,
  last_payload_hash        text COLLATE "C",
  last_attempt_at          timestamptz NOT NULL,
  last_error_code          text,
  last_error_message       text,
  removals_suspended_since timestamptz
);

-- The unique key forbids two open versions, because the open end is one value, and serves as-of look-ups.
CREATE TABLE IF NOT EXISTS :SCHEMA.dim_scene (
  version_id        text COLLATE "C" PRIMARY KEY,
  scene_id          text COLLATE "C" NOT NULL,
  app_id            text COLLATE "C" NOT NULL,
  scene_key         text COLLATE "C" NOT NULL,
  scene_value       bigint,
  value_kind        text NOT NULL CHECK (value_kind IN ('numeric', 'sentinel', 'text')),
  is_aggregate      boolean NOT NULL,
  scene_name        text NOT NULL,
  effective_from    timestamptz NOT NULL,
  effective_to      timestamptz NOT NULL,
  is_current        boolean NOT NULL CHECK (is_current = (effective_to = '9999-12-31 00:00:00+00')),
  end_reason        text CHECK (end_reason IN ('renamed', 'removed')),
  first_observed_at timestamptz NOT NULL,
  UNIQUE (app_id, scene_key, effective_to),
  CHECK (effective_from < effective_to),
  CHECK ((end_reason IS NULL) = is_current)
);

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_run (
  run_id                 text COLLATE "C" PRIMARY KEY,
  command                text NOT NULL,
  started_at             timestamptz NOT NULL,
  finished_at            timestamptz,
  outcome                text,
  accounts_selected      bigint NOT NULL DEFAULT 0,
  accounts_changed       bigint NOT NULL DEFAULT 0,
  accounts_unchanged     bigint NOT NULL DEFAULT 0,
  accounts_held          bigint NOT NULL DEFAULT 0,
  accounts_skipped       bigint NOT NULL DEFAULT 0,
  accounts_failed        bigint NOT NULL DEFAULT 0,
  accounts_fresh         bigint NOT NULL DEFAULT 0,
  accounts_unreached     bigint NOT NULL DEFAULT 0,
  observations_recorded  bigint NOT NULL DEFAULT 0,
  observations_duplicate bigint NOT NULL DEFAULT 0,
  versions_opened        bigint NOT NULL DEFAULT 0,
  versions_closed        bigint NOT NULL DEFAULT 0,
  versions_rewritten     bigint NOT NULL DEFAULT 0,
  versions_removed       bigint NOT NULL DEFAULT 0,
  rejects                bigint NOT NULL DEFAULT 0,
  program_version        text NOT NULL,
  batches                bigint NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS :SCHEMA.scene_reject (
  run_id      text COLLATE "C" NOT NULL,
  app_id      text COLLATE "C" NOT NULL,
  observed_at timestamptz NOT NULL,
  row_index   bigint NOT NULL,
  reason      text NOT NULL,
  raw         text NOT NULL,
  PRIMARY KEY (app_id, observed_at, row_index, run_id)
);

-- The roster of the last full run is the rows without left_at.
CREATE TABLE IF NOT EXISTS :SCHEMA.scene_roster (
  app_id          text COLLATE "C" PRIMARY KEY,
  first_listed_at timestamptz NOT NULL,
  last_listed_at  timestamptz NOT NULL,
  left_at         timestamptz
);

-- Default privileges of the owner may have given the new table to everybody.
CREATE TABLE IF NOT EXISTS :SCHEMA.scene_refresh_token (
  app_id        text COLLATE "C" PRIMARY KEY,
  refresh_token text COLLATE "C" NOT NULL CHECK (refresh_token <> ''),
  stored_at     timestamptz NOT NULL
);
REVOKE ALL ON :SCHEMA.scene_refresh_token FROM PUBLIC;

CREATE TABLE IF NOT EXISTS :SCHEMA.access_source (
  access_source_key  text COLLATE "C" PRIMARY KEY,
  access_source_name text NOT NULL,
  origin             text NOT NULL CHECK (origin IN ('official', 'community', 'own'))
);

CREATE TABLE IF NOT EXISTS :SCHEMA.launch_scene (
  launch_scene      integer PRIMARY KEY,
  launch_scene_name text,
  access_source_key text COLLATE "C" NOT NULL,
  mapping           text NOT NULL CHECK (mapping IN ('official', 'default', 'community', 'own'))
);
