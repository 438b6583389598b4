import type { VersionColumn, versionColumns } from '../../dimension/version-columns.ts';

/**
 * The tables as kysely sees them, for statements that it builds. Instants and bigints are read as text: drivers would make
 * a `Date` or a lossy number of them.
 */
export interface SceneTables {
  readonly access_source: {
    readonly access_source_key: string;
    readonly access_source_name: string;
    readonly origin: string;
  };
  readonly launch_scene: {
    readonly launch_scene: number;
    readonly launch_scene_name: string | null;
    readonly access_source_key: string;
    readonly mapping: string;
  };
  readonly scene_meta: {
    readonly only_row: boolean;
    readonly schema_version: number;
    readonly normalizer_version: number;
    readonly first_seen: string;
    readonly time_zone: string;
    readonly catalog_hash: string;
    readonly rebuilding: boolean;
  };
  readonly scene_payload: {
    readonly payload_hash: string;
    readonly body: Uint8Array;
    readonly byte_length: string;
  };
  readonly scene_observation: {
    readonly app_id: string;
    readonly observed_at: string;
    readonly status: string;
    readonly payload_hash: string | null;
    readonly error_code: string | null;
    readonly error_message: string | null;
    readonly hold_reason: string | null;
    readonly decided_at: string | null;
    readonly decision_note: string | null;
    readonly run_id: string;
  };
  readonly scene_account: {
    readonly app_id: string;
    readonly revision: string;
    readonly last_ok_at: string | null;
    readonly last_observed_at: string | null;
    readonly last_payload_hash: string | null;
    readonly last_attempt_at: string;
    readonly last_error_code: string | null;
    readonly last_error_message: string | null;
    readonly removals_suspended_since: string | null;
  };
  readonly scene_roster: {
    readonly app_id: string;
    readonly first_listed_at: string;
    readonly last_listed_at: string;
    readonly left_at: string | null;
  };
  readonly scene_refresh_token: {
    readonly app_id: string;
    readonly refresh_token: string;
    readonly stored_at: string;
  };
  readonly dim_scene: {
    readonly [Column in VersionColumn]: Column extends 'scene_value' | 'end_reason'
      ? string | null
      : (typeof versionColumns)[Column] extends 'boolean'
        ? boolean
        : string;
  };
}

/** Tables that rows are copied into. */
export type CopyTable = (typeof copyTables)[number];

export const copyTables = ['scene_observation', 'scene_reject', 'dim_scene'] as const;
