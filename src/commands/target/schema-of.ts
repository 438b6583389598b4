import type { Config } from '../../config/load-config.ts';

/** The schema or dataset of a target; of one that has neither, the schema that tables have by default. */
export function schemaOf(target: Config['target']): string {
  const { schema, dataset } = target as { readonly schema?: unknown; readonly dataset?: unknown };
  const name = target.type === 'bigquery' ? dataset : schema;
  return typeof name === 'string' ? name : 'scene';
}
