import type { VersionColumn } from '../dimension/version-columns.ts';

/** What the columns of `dim_scene` mean, for analysts; every view that shows a version shows these. */
export const dimensionColumns = {
  version_id:
    'Primary key: a name for the version that one observation opened, 32 hexadecimal digits. Never re-used, but late data may retire it: derive stored ids again after late data.',
  scene_id: 'Durable key, 32 hexadecimal digits: the same for every version of a scene of an account.',
  app_id: "WeChat app_id of the mini-program account. '*' is reserved.",
  scene_key:
    "The access source as text, WeChat's `value`: '1' to '57' and newer ones, '@_all' for everything. Not a launch scene: 1001, 1011, … are other codes, translate them with access_source_of or join scene_by_launch_scene.",
  scene_value: 'scene_key as a number when value_kind is numeric, else null.',
  value_kind: "numeric: an integer within 64 bits; sentinel: starts with '@_', as '@_all' does; text: anything else.",
  is_aggregate:
    "True for '@_all', which stands for all scenes together. Never sum it with the others: add WHERE is_aggregate IS NOT TRUE, which keeps facts without a scene.",
  scene_name: 'Name that WeChat gave the scene while this version was in force; trimmed, in Unicode form NFC.',
  effective_from:
    'In force from this instant on, inclusive. 1970-01-01 00:00:00 UTC for a scene that was there at the first look, so that earlier facts join too.',
  effective_to:
    'In force until just before this instant, exclusive, so use effective_from <= t AND t < effective_to, never BETWEEN. 9999-12-31 00:00:00 UTC while open, never null. After a rename it equals effective_from of the successor.',
  is_current: 'True exactly when the version is open, that is when effective_to is 9999-12-31 00:00:00 UTC.',
  end_reason: 'Why the version ended: renamed or removed. Null while it is open.',
  first_observed_at:
    'When the answer that opened this version arrived from WeChat. Equals effective_from, except for a version dated from 1970-01-01.',
} as const satisfies Readonly<Record<VersionColumn, string>>;
