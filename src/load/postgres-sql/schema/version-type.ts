import { doStatement, quoteIdentifier, quoteLiteral } from '../quote-sql.ts';
import { tableShapes } from './table-shapes.ts';

/** The row type of `scene_as_of`. */
export const versionTypeName = 'scene_version';

/**
 * Makes the row type of `scene_as_of` unless it is there. It has the columns of `dim_scene` with their collations, and not those
 * that somebody else adds to the table: a function that returns rows of the table itself would fail then.
 */
export function versionTypeStatement(schema: string): string {
  const type = `${quoteIdentifier(schema)}.${versionTypeName}`;
  const columns = tableShapes().find(({ name }) => name === 'dim_scene')?.columns ?? [];
  return doStatement(`BEGIN
  IF pg_catalog.to_regtype(${quoteLiteral(type)}) IS NULL THEN
    CREATE TYPE ${type} AS (
      ${columns.map(({ name, type: columnType }) => `${name} ${columnType}`).join(',\n      ')}
    );
  END IF;
END`);
}
