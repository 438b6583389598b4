import { quoteIdentifier, quoteLiteral } from '../../src/load/postgres-sql/quote-sql.ts';
import type { BehaviourCase } from './case-file.ts';

const rowTables = [
  'scene_payload',
  'scene_observation',
  'scene_account',
  'dim_scene',
  'scene_run',
  'scene_reject',
  'scene_roster',
  'scene_refresh_token',
];

/** SQL that makes a migrated schema what a migration for a case leaves: to migrate anew takes longer than most cases. */
export function emptyTargetSql(schema: string, { config: { dimension } }: BehaviourCase): string {
  const tables = rowTables.map((table) => `${quoteIdentifier(schema)}.${table}`);
  const { firstSeen = 'beginning', timeZone = 'Asia/Shanghai' } = dimension;
  return `TRUNCATE ${tables.join(', ')};
    UPDATE ${quoteIdentifier(schema)}.scene_meta
    SET first_seen = ${quoteLiteral(firstSeen)}, time_zone = ${quoteLiteral(timeZone)}, rebuilding = false`;
}
