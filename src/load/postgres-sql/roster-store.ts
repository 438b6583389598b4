import { sql } from 'kysely';
import type { RosterStore } from '../../platform-stores.ts';
import { assertRowCount } from './apply/assert-row-count.ts';
import { instantText } from './instant-text.ts';
import type { SqlTarget } from './sql-target.ts';
import { unnest } from './unnest.ts';

/** The store in `scene_roster` of a target. */
export function createRosterStore(target: SqlTarget): RosterStore {
  return {
    async *read(signal) {
      const pages = target.pages(
        ({ db, schema }) =>
          db.withSchema(schema).selectFrom('scene_roster').select('app_id').where('left_at', 'is', null),
        signal,
      );
      for await (const page of pages) for (const row of page) yield row.app_id;
    },
    write: (appIds, listedAt, signal) => {
      const listed = [...new Set(appIds)];
      return target.transaction(async (session) => {
        const { db, schema } = session;
        const table = sql.id(schema, 'scene_roster');
        const rows = unnest({ app_id: ['text', listed] });
        const now = sql`${instantText(listedAt)}::timestamptz`;
        // Without the lock, the later of two writers at once would not see the rows that the other
        // adds.
        await sql`LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`.execute(db);
        const { numAffectedRows } = await sql`
          INSERT INTO ${table} AS r (app_id, first_listed_at, last_listed_at) SELECT u.app_id, ${now}, ${now} FROM ${rows}
          ON CONFLICT (app_id) DO UPDATE SET last_listed_at = excluded.last_listed_at, left_at = NULL`.execute(db);
        const expected = listed.length;
        await assertRowCount(session, { table: 'scene_roster', what: 'accounts listed', expected }, numAffectedRows);
        await sql`
          UPDATE ${table} AS r SET left_at = ${now}
          WHERE r.left_at IS NULL AND NOT EXISTS (SELECT FROM ${rows} WHERE u.app_id = r.app_id)`.execute(db);
      }, signal);
    },
  };
}
