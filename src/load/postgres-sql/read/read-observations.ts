import { holdReasons, type Observation, observationStatuses } from '../../../dimension/observation.ts';
import type { ObservationQuery } from '../../loader.ts';
import { oneOf, oneOfOrNull } from '../../one-of.ts';
import { microsOf, microsOrNull, microsOrNullOf } from '../instant-text.ts';
import type { SqlTarget } from '../sql-target.ts';
import { ofAccounts, since } from './account-conditions.ts';

/** Observations of one consistent state, ordered by app_id, observed_at. */
export async function* readObservations(
  target: SqlTarget,
  query: ObservationQuery,
  signal: AbortSignal,
): AsyncGenerator<Observation> {
  const pages = target.pages(
    ({ db, schema }) =>
      db
        .withSchema(schema)
        .selectFrom('scene_observation as o')
        .select([
          'app_id',
          'status',
          'payload_hash',
          'error_code',
          'error_message',
          'hold_reason',
          'decision_note',
          'run_id',
        ])
        .select([microsOf('o.observed_at').as('observed_micros'), microsOrNullOf('o.decided_at').as('decided_micros')])
        .$if(query.appIds !== undefined, (rows) => rows.where(ofAccounts(query.appIds ?? [])))
        .$if(query.since !== undefined, (rows) => rows.where(since(query.since ?? 0n)))
        .$if(query.notedOnly === true, (rows) => rows.where('o.decision_note', 'is not', null))
        .orderBy('app_id')
        .orderBy('o.observed_at'),
    signal,
  );
  for await (const page of pages) {
    for (const row of page) {
      yield {
        appId: row.app_id,
        observedAt: BigInt(row.observed_micros),
        status: oneOf(observationStatuses, row.status, 'scene_observation.status'),
        payloadHash: row.payload_hash,
        errorCode: row.error_code,
        errorMessage: row.error_message,
        holdReason: oneOfOrNull(holdReasons, row.hold_reason, 'scene_observation.hold_reason'),
        decidedAt: microsOrNull(row.decided_micros),
        decisionNote: row.decision_note,
        runId: row.run_id,
      };
    }
  }
}
