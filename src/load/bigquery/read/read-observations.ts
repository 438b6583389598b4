import { holdReasons, type Observation, observationStatuses } from '../../../dimension/observation.ts';
import type { ObservationQuery } from '../../loader.ts';
import { oneOf, oneOfOrNull } from '../../one-of.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { instantParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';
import { ofAccounts } from './account-conditions.ts';
import { type AccountRange, orderedPages, rangeClauses } from './ordered-pages.ts';

/** The observations of some accounts, of a range of accounts, or of all. */
export function observationsQuery(
  place: DatasetName,
  { appIds, since, notedOnly }: ObservationQuery,
  range?: AccountRange,
): Query {
  const part = rangeClauses(range);
  const accounts = appIds === undefined ? undefined : ofAccounts(appIds);
  const conditions = [...part.conditions, ...(accounts === undefined ? [] : [accounts.sql])];
  if (since !== undefined) conditions.push('observed_at >= @since');
  if (notedOnly === true) conditions.push('decision_note IS NOT NULL');
  const where = conditions.length === 0 ? '' : `\nWHERE ${conditions.join('\n  AND ')}`;
  return {
    sql: `SELECT app_id, UNIX_MICROS(observed_at), status, payload_hash, error_code, error_message, hold_reason,
  UNIX_MICROS(decided_at), decision_note, run_id
FROM ${tablePath(place, 'scene_observation')}${part.asOf}${where}
ORDER BY app_id, observed_at`,
    parameters: [
      ...part.parameters,
      ...(accounts?.parameters ?? []),
      ...(since === undefined ? [] : [instantParameter('since', since)]),
    ],
  };
}

/** Observations of one state, ordered by app_id, observed_at. */
export async function* readObservations(
  runner: JobRunner,
  query: ObservationQuery,
  signal: AbortSignal,
): AsyncGenerator<Observation> {
  const statement = (range?: AccountRange): Query => observationsQuery(runner.config, query, range);
  const pages =
    query.appIds === undefined
      ? orderedPages(runner, 'scene_observation', statement, signal)
      : queryPages(runner, statement(), signal);
  for await (const rows of pages) {
    for (const row of rows) {
      const cells = new RowCells(row, 'scene_observation');
      yield {
        appId: cells.text(),
        observedAt: cells.instant(),
        status: oneOf(observationStatuses, cells.text(), 'scene_observation.status'),
        payloadHash: cells.textOrNull(),
        errorCode: cells.textOrNull(),
        errorMessage: cells.textOrNull(),
        holdReason: oneOfOrNull(holdReasons, cells.textOrNull(), 'scene_observation.hold_reason'),
        decidedAt: cells.instantOrNull(),
        decisionNote: cells.textOrNull(),
        runId: cells.text(),
      };
      signal.throwIfAborted();
    }
  }
}
