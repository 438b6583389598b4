/** The columns of `dim_scene` in order, with their kinds: every table, statement, view and export has these. */
export const versionColumns = {
  version_id: 'text',
  scene_id: 'text',
  app_id: 'text',
  scene_key: 'text',
  scene_value: 'integer',
  value_kind: 'text',
  is_aggregate: 'boolean',
  scene_name: 'text',
  effective_from: 'timestamp',
  effective_to: 'timestamp',
  is_current: 'boolean',
  end_reason: 'text',
  first_observed_at: 'timestamp',
} as const satisfies Readonly<Record<string, 'text' | 'integer' | 'boolean' | 'timestamp'>>;

export type VersionColumn = keyof typeof versionColumns;

export const versionColumnNames = Object.keys(versionColumns) as readonly VersionColumn[];

/** The columns that may be null; the others never are. */
export const nullableColumns: ReadonlySet<VersionColumn> = new Set(['scene_value', 'end_reason']);
