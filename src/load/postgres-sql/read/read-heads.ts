import type { AccountHead } from '../../../dimension/account-head.ts';
import type { AccountQuery } from '../../loader.ts';
import { microsOf, microsOrNull, microsOrNullOf } from '../instant-text.ts';
import type { SqlTarget } from '../sql-target.ts';
import { ofAccounts } from './account-conditions.ts';

/** Heads ordered by app_id. */
export async function* readHeads(
  target: SqlTarget,
  query: AccountQuery,
  signal: AbortSignal,
): AsyncGenerator<AccountHead> {
  const pages = target.pages(
    ({ db, schema }) =>
      db
        .withSchema(schema)
        .selectFrom('scene_account')
        .select(['app_id', 'last_payload_hash', 'last_error_code', 'last_error_message'])
        .select(({ cast }) => cast<string>('revision', 'text').as('revision'))
        .select([
          microsOrNullOf('last_ok_at').as('last_ok_at'),
          microsOrNullOf('last_observed_at').as('last_observed_at'),
          microsOf('last_attempt_at').as('last_attempt_at'),
          microsOrNullOf('removals_suspended_since').as('removals_suspended_since'),
        ])
        .$if(query.appIds !== undefined, (rows) => rows.where(ofAccounts(query.appIds ?? [])))
        .orderBy('app_id'),
    signal,
  );
  for await (const page of pages) {
    for (const row of page) {
      yield {
        appId: row.app_id,
        revision: Number(row.revision),
        lastOkAt: microsOrNull(row.last_ok_at),
        lastObservedAt: microsOrNull(row.last_observed_at),
        lastPayloadHash: row.last_payload_hash,
        lastAttemptAt: BigInt(row.last_attempt_at),
        lastErrorCode: row.last_error_code,
        lastErrorMessage: row.last_error_message,
        removalsSuspendedSince: microsOrNull(row.removals_suspended_since),
      };
    }
  }
}
