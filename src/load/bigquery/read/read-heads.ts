import type { AccountHead } from '../../../dimension/account-head.ts';
import type { AccountQuery } from '../../loader.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { ofAccounts } from './account-conditions.ts';

/** The heads of some or all accounts. */
export function headsQuery(place: DatasetName, { appIds }: AccountQuery): Query {
  const condition = appIds === undefined ? undefined : ofAccounts(appIds);
  return {
    sql: `SELECT app_id, revision, UNIX_MICROS(last_ok_at), UNIX_MICROS(last_observed_at), last_payload_hash,
  UNIX_MICROS(last_attempt_at), last_error_code, last_error_message, UNIX_MICROS(removals_suspended_since)
FROM ${tablePath(place, 'scene_account')}${condition === undefined ? '' : `\nWHERE ${condition.sql}`}
ORDER BY app_id`,
    parameters: condition?.parameters ?? [],
  };
}

/** Heads ordered by app_id: BigQuery orders texts by their UTF-8 bytes, which is the order of code points. */
export async function* readHeads(
  runner: JobRunner,
  query: AccountQuery,
  signal: AbortSignal,
): AsyncGenerator<AccountHead> {
  for await (const rows of queryPages(runner, headsQuery(runner.config, query), signal)) {
    for (const row of rows) {
      const cells = new RowCells(row, 'scene_account');
      yield {
        appId: cells.text(),
        revision: Number(cells.integer()),
        lastOkAt: cells.instantOrNull(),
        lastObservedAt: cells.instantOrNull(),
        lastPayloadHash: cells.textOrNull(),
        lastAttemptAt: cells.instant(),
        lastErrorCode: cells.textOrNull(),
        lastErrorMessage: cells.textOrNull(),
        removalsSuspendedSince: cells.instantOrNull(),
      };
      signal.throwIfAborted();
    }
  }
}
