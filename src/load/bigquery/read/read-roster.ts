import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** The accounts that the roster holds. */
export function rosterQuery(place: DatasetName): Query {
  return { sql: `SELECT app_id FROM ${tablePath(place, 'scene_roster')} WHERE left_at IS NULL` };
}

/** The accounts that the roster holds, in no order. */
export async function* readRoster(runner: JobRunner, signal: AbortSignal): AsyncGenerator<string> {
  for await (const rows of queryPages(runner, rosterQuery(runner.config), signal)) {
    for (const row of rows) {
      yield new RowCells(row, 'scene_roster').text();
      signal.throwIfAborted();
    }
  }
}
