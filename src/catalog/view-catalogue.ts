import type { FunctionEntry, RelationEntry } from './catalogue-entry.ts';
import { dimensionColumns } from './dimension-columns.ts';

const withUnknownMember =
  "One more row is the unknown member (version_id of 32 zeros, app_id and scene_key '', name 未知), for facts that hold a version_id.";

const dateFrom =
  'First day, in the time zone of scenedim (scene_meta.time_zone), at whose end the version is in force, inclusive.';

const { app_id: appId, ...dimensionColumnsWithoutAppId } = dimensionColumns;

/** The views: the contract with BI tools. */
export const viewCatalogue = {
  scene_current: {
    kind: 'view',
    readable: true,
    description: `Scenes as WeChat names them now. One row is an open version. ${withUnknownMember}`,
    columns: {
      ...dimensionColumns,
      last_confirmed_at:
        "Arrival of the account's newest answer that counts: until then the version is known to hold. Null for the unknown member.",
      effective_from_date: dateFrom,
    },
  },
  scene_history: {
    kind: 'view',
    readable: true,
    description: `Every version of every scene. ${withUnknownMember} Join facts by account, key and time, which never multiplies them: LEFT JOIN scene_history AS h ON h.app_id = f.app_id AND h.scene_key = f.access_source AND h.effective_from <= f.visited_at AND f.visited_at < h.effective_to; then COALESCE(h.version_id, repeat('0', 32)) and COALESCE(h.scene_name, '未知'). A fact that has only a day: h.effective_from_date <= f.day AND f.day < h.effective_to_date. A fact that has a launch scene (1001…): access_source_of(f.launch_scene) is its key.`,
    columns: {
      ...dimensionColumns,
      effective_from_date: dateFrom,
      effective_to_date:
        'First day, in the time zone of scenedim, at whose end the version is no longer in force, exclusive: use effective_from_date <= d AND d < effective_to_date, never BETWEEN. 9999-12-31 while open. Equals effective_from_date when the version did not last to the end of its day.',
    },
  },
  scene_by_launch_scene: {
    kind: 'view',
    readable: true,
    description:
      "Every version, once for each listed launch scene of its access source: joins a fact that has a launch scene by app_id, launch_scene and time. Do not count its rows as scenes. Launch scenes that are not listed are missing here; access_source_of puts them under '10'.",
    columns: {
      app_id: appId,
      launch_scene: 'Launch scene code, 1000 and up. Not a scene key.',
      launch_scene_name: "Name of the launch scene in WeChat's public list; null where the list gives none.",
      mapping:
        "official: WeChat's table puts the launch scene under this access source; default: it falls to '10' 其他; community: inferred; own: from the config.",
      ...dimensionColumnsWithoutAppId,
    },
  },
  scene_freshness: {
    kind: 'view',
    readable: true,
    description: 'How current the dimension is. One row is an account.',
    columns: {
      app_id: appId,
      last_ok_at: 'Arrival of the newest answer that counts. Null when there is none yet.',
      last_attempt_at: 'Newest attempt of any outcome.',
      last_error_code: "WeChat's errcode, or scenedim's own, of the newest attempt when that failed, else null.",
      removals_suspended_since:
        'Not null while no scene of the account is taken as removed, because its answers hold a row without a usable key: since when.',
    },
  },
  scene_drift: {
    kind: 'view',
    readable: true,
    description:
      'The access sources that are known beforehand (access_source) against what WeChat answers. One row is a key of either, for each account with at least one answer that counts.',
    columns: {
      app_id: appId,
      scene_key: 'Access source as text.',
      bundled_name: 'Name in access_source; null when drift is new.',
      scene_name: 'Name now in force for the account; null when drift is missing.',
      drift:
        'matched: same name; renamed: another name; seen_elsewhere: a key that only the community knows, and the account has it too; new: not in access_source; missing: the account does not have it.',
    },
  },
} as const satisfies Readonly<Record<string, RelationEntry>>;

/** The functions of the contract with BI tools. */
export const functionCatalogue = {
  scene_as_of: {
    kind: 'function',
    description: 'Versions in force at the given instant, with the columns of dim_scene; without the unknown member.',
    arguments: { ts: { type: 'timestamp', description: 'The instant.' } },
    returns: { rows: 'versions', columns: dimensionColumns },
  },
  scene_changes: {
    kind: 'function',
    description:
      'What happened to scenes from one instant to just before another, by the effective times. One row is a change of a scene; a rename is one row. A version dated from the beginning changed in 1970.',
    arguments: {
      since: { type: 'timestamp', description: 'The first instant of the period.' },
      until: { type: 'timestamp', description: 'The first instant after the period.' },
    },
    returns: {
      rows: 'own',
      columns: {
        app_id: appId,
        scene_key: 'Access source as text.',
        changed_at: 'When it happened.',
        change:
          'opened: the first version of the scene; renamed: another name without a gap; removed: WeChat lists it no more; returned: listed again after a gap.',
        old_name: 'The newest name before; null when opened.',
        new_name: 'The name from then on; null when removed.',
      },
    },
  },
  access_source_of: {
    kind: 'function',
    description:
      "The access source, as a scene_key, that a launch scene (1001…) is counted under: as listed in launch_scene, else '10' 其他 for a number from 1000 to 9999; null for anything else, such as 4, which is an access source already. Takes a number or a text: digits, with spaces around or wx- before them.",
    arguments: { launch_scene: { type: 'code', description: 'Launch scene code, as a number or a text.' } },
    returns: 'text',
  },
} as const satisfies Readonly<Record<string, FunctionEntry>>;
