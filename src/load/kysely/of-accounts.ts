import type { SqlBool } from 'kysely';
import { type RawBuilder, sql } from 'kysely';

/** The rows of some accounts, as one array parameter whatever their number. */
export function ofAccounts(appIds: readonly string[]): RawBuilder<SqlBool> {
  return sql<SqlBool>`app_id = ANY(${appIds}::text[])`;
}
