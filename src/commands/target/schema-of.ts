import type { Config } from '../../config/load-config.ts';

/** What `--confirm` must repeat: the schema or dataset; a target that has neither is called as its tables' schema is. */
export function schemaOf(target: Config['target']): string {
  const { schema, dataset } = target as { readonly schema?: unknown; readonly dataset?: unknown };
  const name = target.type === 'bigquery' ? dataset : schema;
  return typeof name === 'string' ? name : 'scene';
}
