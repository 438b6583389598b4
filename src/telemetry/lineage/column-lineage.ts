import type { VersionColumn } from '../../dimension/version-columns.ts';
import type { Dataset } from '../run-watcher.ts';

/** What an answer consists of: WeChat's `value` and `name` of a scene, whose answer it is, and when it came. */
export type AnswerPart = 'value' | 'name' | 'account' | 'time';

/** Where each part of an answer is to be found: a field of a dataset. */
export type AnswerFields = Readonly<Partial<Record<AnswerPart, { readonly dataset: Dataset; readonly field: string }>>>;

/** What each column of `dim_scene` is computed from. Those of `same` keep the value as it is. */
const partsOf: Readonly<Record<VersionColumn, readonly AnswerPart[]>> = {
  version_id: ['account', 'value', 'time'],
  scene_id: ['account', 'value'],
  app_id: ['account'],
  scene_key: ['value'],
  scene_value: ['value'],
  value_kind: ['value'],
  is_aggregate: ['value'],
  scene_name: ['name'],
  effective_from: ['time'],
  effective_to: ['time'],
  is_current: ['time'],
  end_reason: ['value', 'name'],
  first_observed_at: ['time'],
};
const same: ReadonlySet<string> = new Set<VersionColumn>(['app_id', 'first_observed_at']);

/** The `fields` of the facet `columnLineage` of `dim_scene`: columns that no field leads to are left out. */
export function columnLineageOf(fields: AnswerFields): Readonly<Record<string, object>> {
  const columns = Object.entries(partsOf).map(([column, parts]) => {
    const subtype = same.has(column) ? 'IDENTITY' : 'TRANSFORMATION';
    const inputFields = parts.flatMap((part) => {
      const found = fields[part];
      if (found === undefined) return [];
      return { ...found.dataset, field: found.field, transformations: [{ type: 'DIRECT', subtype, masking: false }] };
    });
    return [column, { inputFields }] as const;
  });
  return Object.fromEntries(columns.filter(([, { inputFields }]) => inputFields.length > 0));
}
