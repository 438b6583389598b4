import { holdReasons, type Observation, observationStatuses } from '../../dimension/observation.ts';
import type { AccountQuery } from '../loader.ts';
import { oneOf, oneOfOrNull } from '../one-of.ts';
import { textsParameter } from './query-parameter.ts';
import { createCellReader } from './row-cells.ts';
import type { JobRunner } from './run-job.ts';
import { type Query, queryPages } from './run-query.ts';
import { type DatasetName, tablePath } from './table-path.ts';

/** The observations of some or all accounts. */
export function observationsQuery(place: DatasetName, { appIds }: AccountQuery): Query {
  return {
    sql: `SELECT app_id, UNIX_MICROS(observed_at), status, payload_hash, error_code, error_message, hold_reason,
  UNIX_MICROS(decided_at), run_id
FROM ${tablePath(place, 'scene_observation')}${appIds === undefined ? '' : '\nWHERE app_id IN UNNEST(@app_ids)'}
ORDER BY app_id, observed_at`,
    parameters: appIds === undefined ? [] : [textsParameter('app_ids', appIds)],
  };
}

/** Observations of one state, ordered by app_id, observed_at. */
export async function* readObservations(
  runner: JobRunner,
  query: AccountQuery,
  signal: AbortSignal,
): AsyncGenerator<Observation> {
  for await (const rows of queryPages(runner, observationsQuery(runner.config, query), signal)) {
    for (const row of rows) {
      const cells = createCellReader(row, 'scene_observation');
      yield {
        appId: cells.text(),
        observedAt: cells.instant(),
        status: oneOf(observationStatuses, cells.text(), 'scene_observation.status'),
        payloadHash: cells.textOrNull(),
        errorCode: cells.textOrNull(),
        errorMessage: cells.textOrNull(),
        holdReason: oneOfOrNull(holdReasons, cells.textOrNull(), 'scene_observation.hold_reason'),
        decidedAt: cells.instantOrNull(),
        runId: cells.text(),
      };
      signal.throwIfAborted();
    }
  }
}
