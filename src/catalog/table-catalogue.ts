import type { RelationEntry } from './catalogue-entry.ts';
import { dimensionColumns } from './dimension-columns.ts';

/** The tables, in the order in which a newcomer reads about them. */
export const tableCatalogue = {
  dim_scene: {
    kind: 'table',
    readable: true,
    description:
      'Mini-program access sources (scenes) with their history, a slowly changing dimension of type 2. One row is a version: a name of a scene of an account, in force in [effective_from, effective_to). At most one version of a scene is in force at any instant. Query it through scene_history and scene_current. Computed from scene_observation: do not write to it.',
    columns: dimensionColumns,
  },
  access_source: {
    kind: 'table',
    readable: true,
    description:
      'Access sources that are known beforehand: what scenes are normally called. Bundled with scenedim are 57 of the published table of WeChat, @_all, and three that were only seen in use; the config may add and replace rows.',
    columns: {
      access_source_key: "Code as text, such as '1' or '@_all'; compare with dim_scene.scene_key.",
      access_source_name: 'Its usual name; an account may be given another one, see scene_drift.',
      origin:
        'official: WeChat itself lists it; community: only seen in use, in what others publish of their accounts; own: added or changed in the config.',
    },
  },
  launch_scene: {
    kind: 'table',
    readable: true,
    description:
      "WeChat's launch scenes (the scene that a mini program is started with, 1000 and up) and the access source that each is counted under: rows that are bundled with scenedim, and those of the config. Launch scenes that are not listed count as '10', in access_source_of too.",
    columns: {
      launch_scene: 'Launch scene code, 1000 and up. Not a scene key of dim_scene.',
      launch_scene_name: "Name in WeChat's public lists, or that of the config; null where there is none.",
      access_source_key: 'Access source that the launch scene is counted under; compare with dim_scene.scene_key.',
      mapping:
        "official: WeChat's table says so; default: the launch scene is in the public list only, and falls to '10' 其他 by the rule \"everything not listed above\"; community: inferred, because an access source of the community is in use; own: from the config.",
    },
  },
  scene_account: {
    kind: 'table',
    readable: false,
    description: 'One row an account: what its log of observations amounts to. Query scene_freshness instead.',
    columns: {
      app_id: 'WeChat app_id of the mini-program account.',
      revision: "Grows by one with every batch that changes the account's log.",
      last_ok_at: 'Arrival of the newest answer that counts. Null when there is none yet.',
      last_observed_at: 'Arrival of the newest answer that counts or is held back.',
      last_payload_hash: 'Payload of the newest answer that counts; see scene_payload.',
      last_attempt_at: 'Newest attempt of any outcome.',
      last_error_code: "WeChat's errcode, or scenedim's own, of the newest attempt when that failed, else null.",
      last_error_message:
        "What that attempt was told, with the rid that WeChat's support asks for. Null when it said nothing, or did not fail.",
      removals_suspended_since:
        'Not null while the newest answer that counts holds a row without a usable key, which could be any key: since then no scene of the account is taken as removed.',
    },
  },
  scene_observation: {
    kind: 'table',
    readable: false,
    description:
      'Log of what WeChat answered, append only except for the decision about a held answer and for `scenedim compact`. dim_scene is computed from it.',
    columns: {
      app_id: 'WeChat app_id of the mini-program account.',
      observed_at: 'When the answer arrived.',
      status:
        'ok: counts in dim_scene; held: a guard or a person keeps it out, see hold_reason; failed: WeChat gave no list of scenes.',
      payload_hash: 'Body of the answer, see scene_payload; null when failed.',
      error_code: "WeChat's errcode, or scenedim's own; null unless failed.",
      error_message: 'Error message, without secrets; null unless failed.',
      hold_reason:
        'Why it is held, or was before it was accepted: empty (no scene at all), shrink (too many scenes gone), manual.',
      decided_at: 'When a held answer was accepted, or one that counted was held by hand; null otherwise.',
      decision_note: 'Why, in the words of whoever decided (--note); null when they gave none.',
      run_id: 'Run that recorded it; see scene_run.',
    },
  },
  scene_payload: {
    kind: 'table',
    readable: false,
    description: 'Bodies of answers as received, each stored once however many accounts and times gave it.',
    columns: {
      payload_hash: 'SHA-256 of body, 64 hexadecimal digits.',
      body: 'The bytes of the answer.',
      byte_length: 'Length of body in bytes.',
    },
  },
  scene_reject: {
    kind: 'table',
    readable: false,
    description: 'Rows of answers that could not be used. The rest of the answer was.',
    columns: {
      run_id: 'Run that saw it; see scene_run.',
      app_id: 'WeChat app_id of the mini-program account.',
      observed_at: 'When the answer arrived.',
      row_index: "Position in the answer's list of scenes, from 0.",
      reason: 'What is wrong with the row.',
      raw: 'The row as JSON.',
    },
  },
  scene_roster: {
    kind: 'table',
    readable: false,
    description:
      'One row an account that the list of a third-party platform has ever held. The accounts that it held at the last full run are those without left_at.',
    columns: {
      app_id: 'WeChat app_id of the mini-program account.',
      first_listed_at: 'When it was listed first.',
      last_listed_at: 'When it was listed last.',
      left_at: 'When the list was first without it; null while it is listed. Its scenes keep their rows.',
    },
  },
  scene_run: {
    kind: 'table',
    readable: false,
    description: 'One row a run of scenedim that wrote something. Counts are sums over its batches so far.',
    columns: {
      run_id: 'Name of the run.',
      command: 'What was run: sync, replay, accept, hold, rebuild or compact.',
      started_at: 'When it started.',
      finished_at: 'When it ended; null while it goes on, and for ever when it was killed.',
      outcome: 'ok, nothing_changed, partial, refused or failed; null while it goes on.',
      accounts_selected: 'Accounts that the run was to look at.',
      accounts_changed:
        'Accounts with a changed version; in a rebuild also with a changed row of scene_account, in a compact with a smaller log.',
      accounts_unchanged: 'Accounts whose answer changed no version.',
      accounts_held: 'Accounts whose answer was held back by a guard.',
      accounts_skipped: "Accounts that are permanently unavailable by WeChat's own word.",
      accounts_failed: 'Accounts that gave no usable answer.',
      accounts_fresh: 'Accounts not asked, because a recent answer was there.',
      accounts_unreached: 'Accounts whose turn did not come, because the run was stopped.',
      observations_recorded: 'Rows added to scene_observation.',
      observations_duplicate: 'Observations that were there already.',
      versions_opened: 'Rows inserted into dim_scene.',
      versions_closed: 'Rows of dim_scene that were open before the run and are not now.',
      versions_rewritten: 'Rows of dim_scene changed in another way than by being closed.',
      versions_removed: 'Rows of dim_scene deleted, because a late answer took their place.',
      rejects: 'Rows added to scene_reject.',
      program_version: 'Version of scenedim.',
      batches: 'Batches written.',
    },
  },
  scene_meta: {
    kind: 'table',
    readable: false,
    description:
      'The settings under which dim_scene was computed; one row. Change them with `scenedim migrate` and `scenedim rebuild`.',
    columns: {
      only_row: 'Always true: it allows no second row.',
      schema_version: 'Number of the newest migration.',
      normalizer_version: 'Version of the rules that turn an answer into names and keys.',
      first_seen:
        'beginning: a scene that was there at the first look is in force from 1970-01-01; observed: from that look on.',
      time_zone: 'IANA name; the date columns of the views are days in it.',
      catalog_hash: 'Which rows access_source and launch_scene hold: SHA-256 of both, 64 hexadecimal digits.',
      rebuilding:
        'True while a rebuild under changed settings is under way or was cut off: some accounts are computed by the old settings, some by the new.',
    },
  },
} as const satisfies Readonly<Record<string, RelationEntry>>;

/** Tables that hold secrets: no reader sees them, nothing exports them, and BigQuery has none. */
export const secretTableCatalogue = {
  scene_refresh_token: {
    kind: 'table',
    readable: false,
    description:
      'One row an account of a third-party platform: the newest refresh token that WeChat gave. A secret: grant nobody the right to read it.',
    columns: {
      app_id: 'WeChat app_id of the mini-program account.',
      refresh_token:
        'With it the platform gets access tokens of the account. A merchant must authorise again when it is lost.',
      stored_at: 'When it took the place of the one before.',
    },
  },
} as const satisfies Readonly<Record<string, RelationEntry>>;
