import type { RunRecord } from '../../loader.ts';
import { countColumns } from '../../run-counts.ts';
import { assertMessages } from '../errors/classify-error.ts';
import { rowCountAssertion, type ScriptStatement } from '../sql/query.ts';
import { instantParameter, integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/**
 * Adds the row of the run, or brings it up to this batch, and asserts that fewer than `firstUnapplied` batches are applied. A stored
 * end of the run stays. The start of a run never changes, so that BigQuery leaves other months unread and unbilled.
 */
export function mergeRunStatements(
  place: DatasetName,
  run: RunRecord,
  firstUnapplied: number,
): readonly ScriptStatement[] {
  const parameters = runParameters(run);
  const columns = parameters.map(({ name }) => name);
  const changing = [...countColumns(run.counts).map(([column]) => column), 'program_version', 'batches'];
  const merge = {
    sql: `MERGE ${tablePath(place, 'scene_run')} AS r
USING (SELECT @run_id AS run_id) AS s
ON r.run_id = s.run_id AND r.started_at = @started_at
WHEN MATCHED AND r.batches < @first_unapplied THEN
  UPDATE SET ${changing.map((column) => `${column} = @${column}`).join(', ')},
    finished_at = COALESCE(@finished_at, r.finished_at), outcome = COALESCE(@outcome, r.outcome)
WHEN NOT MATCHED THEN
  INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `@${column}`).join(', ')})`,
    parameters: [...parameters, integerParameter('first_unapplied', firstUnapplied)],
  };
  return [merge, rowCountAssertion(1, assertMessages.appliedAlready)];
}

/** The row of a run: a parameter for each column. */
function runParameters(run: RunRecord): readonly QueryParameter[] {
  return [
    textParameter('run_id', run.runId),
    textParameter('command', run.command),
    instantParameter('started_at', run.startedAt),
    instantParameter('finished_at', run.finishedAt),
    textParameter('outcome', run.outcome),
    ...countColumns(run.counts).map(([column, count]) => integerParameter(column, count)),
    textParameter('program_version', run.programVersion),
    integerParameter('batches', run.batches),
  ];
}
