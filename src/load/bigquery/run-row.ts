import type { RunCounts, RunRecord } from '../loader.ts';
import { runCountColumns } from '../run-count-columns.ts';
import { instantParameter, integerParameter, type QueryParameter, textParameter } from './query-parameter.ts';
import type { ScriptStatement } from './script-statement.ts';
import { type DatasetName, tablePath } from './table-path.ts';

const counts = Object.entries(runCountColumns) as readonly (readonly [keyof RunCounts, string])[];
const keyColumns = ['run_id', 'command', 'started_at', 'finished_at', 'outcome'];
const lastColumns = ['program_version', 'batches'];
const countColumns = counts.map(([, column]) => column);

/** Adds the row of the run, or brings it up to this batch. An end that was written stays. */
export function mergeRunStatement(place: DatasetName): ScriptStatement {
  const columns = [...keyColumns, ...countColumns, ...lastColumns];
  return {
    sql: `MERGE ${tablePath(place, 'scene_run')} AS r
USING (SELECT @run_id AS run_id) AS s
ON r.run_id = s.run_id
WHEN MATCHED THEN
  UPDATE SET ${countColumns.map((column) => `${column} = @${column}`).join(', ')},
    program_version = @program_version, batches = @batches,
    finished_at = COALESCE(@finished_at, r.finished_at), outcome = COALESCE(@outcome, r.outcome)
WHEN NOT MATCHED THEN
  INSERT (${columns.join(', ')})
  VALUES (${columns.map((column) => `@${column}`).join(', ')})`,
  };
}

/** The parameters of {@link mergeRunStatement}. */
export function runParameters(run: RunRecord): readonly QueryParameter[] {
  return [
    textParameter('run_id', run.runId),
    textParameter('command', run.command),
    instantParameter('started_at', run.startedAt),
    instantParameter('finished_at', run.finishedAt),
    textParameter('outcome', run.outcome),
    ...counts.map(([name, column]) => integerParameter(column, run.counts[name])),
    textParameter('program_version', run.programVersion),
    integerParameter('batches', run.batches),
  ];
}
