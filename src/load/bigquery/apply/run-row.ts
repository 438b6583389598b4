import type { RunRecord } from '../../loader.ts';
import { countColumns, noCounts } from '../../run-counts.ts';
import { assertMessages } from '../errors/classify-error.ts';
import { instantParameter, integerParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { rowCountAssertion, type ScriptStatement } from '../sql/script.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

const keyColumns = ['run_id', 'command', 'started_at', 'finished_at', 'outcome'];
const lastColumns = ['program_version', 'batches'];
const countNames = countColumns(noCounts).map(([column]) => column);

/**
 * Adds the row of the run, or brings it up to this batch, and asserts that neither the batch nor a later one is applied. An end that
 * was written stays. The start, which is constant for a run, lets BigQuery leave other months unread and unbilled.
 */
export function mergeRunStatements(place: DatasetName): readonly ScriptStatement[] {
  const columns = [...keyColumns, ...countNames, ...lastColumns];
  const merge = {
    sql: `MERGE ${tablePath(place, 'scene_run')} AS r
USING (SELECT @run_id AS run_id) AS s
ON r.run_id = s.run_id AND r.started_at = @started_at
WHEN MATCHED AND r.batches < @first_unapplied THEN
  UPDATE SET ${countNames.map((column) => `${column} = @${column}`).join(', ')},
    program_version = @program_version, batches = @batches,
    finished_at = COALESCE(@finished_at, r.finished_at), outcome = COALESCE(@outcome, r.outcome)
WHEN NOT MATCHED THEN
  INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `@${column}`).join(', ')})`,
  };
  return [merge, rowCountAssertion('1', assertMessages.appliedAlready)];
}

/** The parameters of {@link mergeRunStatements}. */
export function runParameters(run: RunRecord): readonly QueryParameter[] {
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
