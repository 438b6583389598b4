import { isScenedimError, ScenedimError } from '../../errors.ts';
import type { Loader } from '../../load/loader.ts';
import type { TableReader } from '../../load/table-reader.ts';
import { requireSchema } from '../../pipeline/run/require-target.ts';
import { assertAffordable } from './assert-affordable.ts';
import { type JoinReport, joinReport } from './join-report.ts';
import { codesSql, rowsSql } from './measure-sql.ts';
import { readMeasurement } from './measurement.ts';
import { type ColumnNames, chooseColumns, describeTable, type JoinCheckOptions, type JoinSubject } from './subject.ts';

/** What the flags of `join-check` say. */
export interface JoinQuestion extends ColumnNames {
  readonly table: string;
  readonly bridge?: true;
  readonly sample?: number;
  readonly yes?: true;
}

/** Measures the join of a table and says what is wrong with it. Two statements read the table, and nothing is written. */
export async function checkJoin(
  loader: Loader,
  question: JoinQuestion,
  { signal, tell }: JoinCheckOptions,
): Promise<JoinReport> {
  const { timeZone } = await requireSchema(loader, signal);
  const { tableReader: reader } = loader;
  if (reader === undefined) {
    throw new ScenedimError('config_invalid', `a target of type ${loader.kind} takes no SQL`, {
      remedy: 'join-check needs a target of type postgres, pglite or bigquery',
    });
  }
  const table = await describeTable(reader, question.table, signal);
  const columns = chooseColumns(reader, table, question);
  const subject: JoinSubject = {
    reader,
    table,
    timeZone,
    ...columns,
    bridge: question.bridge === true,
    sample: question.sample ?? null,
    onlyAppId: columns.appId === null ? await onlyAccount(reader, signal) : '',
  };
  const codes = codesSql(subject);
  const maximumBytes = await assertAffordable(reader, codes, { signal, tell, isAllowed: question.yes === true });
  const select = (statement: string) => selectOf(reader, statement, { signal, maximumBytes });
  const measured = readMeasurement(subject, await select(codes));
  const [[visits, joined] = []] = await select(rowsSql(subject, measured.shape));
  return joinReport(subject, measured, { visits: Number(visits), joined: Number(joined) });
}

/** Whose all visits are, where the target knows one account. */
async function onlyAccount(reader: TableReader, signal: AbortSignal): Promise<string> {
  const dimension = reader.ownName('dim_scene');
  const [[first = null, last = null] = []] = await reader.select(
    `SELECT MIN(app_id) AS first_app_id, MAX(app_id) AS last_app_id FROM ${dimension}`,
    signal,
  );
  if (first === null) {
    throw new ScenedimError('data_refused', 'the target holds no scene yet', { remedy: 'run scenedim sync first' });
  }
  if (first === last) return first;
  throw new ScenedimError('usage', `the target holds several accounts, like ${first} and ${last}`, {
    remedy: 'name the column that says whose a visit is: --app-id-column',
  });
}

interface SelectOptions {
  readonly signal: AbortSignal;
  readonly maximumBytes: bigint | undefined;
}

/** A statement of ours over data of others: what they make fail is no defect of ours. */
async function selectOf(
  reader: TableReader,
  statement: string,
  { signal, maximumBytes }: SelectOptions,
): ReturnType<TableReader['select']> {
  try {
    return await reader.select(statement, signal, maximumBytes);
  } catch (error) {
    if (isScenedimError(error, 'target_busy')) {
      throw new ScenedimError('target_busy', error.message, {
        remedy: 'look at fewer rows: --sample 100000',
        cause: error,
      });
    }
    if (!isScenedimError(error, 'internal') && !isScenedimError(error, 'data_refused')) throw error;
    throw new ScenedimError('data_refused', `the table cannot be joined: ${error.message}`, {
      remedy: 'correct what the message names, or leave it out by a view, and check the view',
      cause: error,
    });
  }
}
