import * as z from 'zod';
import type { Micros } from '../../../instant.ts';
import { parseAnswer } from '../errors/bigquery-failure.ts';
import { RowCells } from '../jobs/row-cells.ts';
import type { JobRunner } from '../jobs/run-job.ts';
import { queryPages, queryRows, type Row } from '../jobs/run-query.ts';
import type { Query } from '../sql/query.ts';
import { instantParameter, type QueryParameter, textParameter } from '../sql/query-parameter.ts';
import { type DatasetName, tablePath } from '../sql/table-path.ts';

/** Tables that are read whole, in the order of their accounts. */
export type OrderedTable = 'dim_scene' | 'scene_observation';

/** The accounts from one to another, in their order, with the rows as they were at one time. */
export interface AccountRange {
  /** The last account before the range; null: the range starts with the first account. */
  readonly after: string | null;
  /** The last account of the range; null: the range ends with the last account. */
  readonly until: string | null;
  readonly at: Micros;
}

/** The parts of a statement that restrict it to a range. */
export interface RangeClauses {
  /** Behind the table's name. */
  readonly asOf: string;
  /** For WHERE, to be joined with AND. */
  readonly conditions: readonly string[];
  readonly parameters: readonly QueryParameter[];
}

const table = z.looseObject({ numRows: z.string().regex(/^\d+$/).optional() });

/** How a statement is restricted to a range; without a range it is not restricted. */
export function rangeClauses(range: AccountRange | undefined): RangeClauses {
  if (range === undefined) return { asOf: '', conditions: [], parameters: [] };
  const { after, until, at } = range;
  return {
    asOf: ' FOR SYSTEM_TIME AS OF @read_at',
    conditions: [...(after === null ? [] : ['app_id > @after']), ...(until === null ? [] : ['app_id <= @until'])],
    parameters: [
      instantParameter('read_at', at),
      ...(after === null ? [] : [textParameter('after', after)]),
      ...(until === null ? [] : [textParameter('until', until)]),
    ],
  };
}

/** The time by BigQuery's clock, and the accounts that cut the table into `count` parts of about the same size. */
export function boundariesQuery(place: DatasetName, name: OrderedTable, count: number): Query {
  return {
    sql: `SELECT UNIX_MICROS(CURRENT_TIMESTAMP()), b
FROM UNNEST((SELECT APPROX_QUANTILES(app_id, ${count}) FROM ${tablePath(place, name)})) AS b WITH OFFSET AS n
WHERE n BETWEEN 1 AND ${count - 1}
ORDER BY b`,
  };
}

/**
 * The pages of a SELECT over a whole table, in the order of its accounts. BigQuery orders all rows of a statement in one worker,
 * whose memory ends somewhere above a gigabyte. So a table of more than `runner.rowsOrderedAtOnce` rows is read in ranges of
 * accounts: one statement a range, all as of the same time. The table is clustered by account, so each statement bills its range.
 */
export async function* orderedPages(
  runner: JobRunner,
  name: OrderedTable,
  statement: (range?: AccountRange) => Query,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const path = `datasets/${runner.config.dataset}/tables/${name}`;
  const { numRows } = parseAnswer(table, await runner.client.call({ method: 'GET', path }, signal));
  const count = Math.ceil(Number(numRows ?? 0) / runner.rowsOrderedAtOnce);
  if (count <= 1) return yield* queryPages(runner, statement(), signal);
  for (const range of await readRanges(runner, name, count, signal)) {
    yield* queryPages(runner, statement(range), signal);
  }
}

async function readRanges(
  runner: JobRunner,
  name: OrderedTable,
  count: number,
  signal: AbortSignal,
): Promise<readonly AccountRange[]> {
  const rows = await queryRows(runner, boundariesQuery(runner.config, name, count), signal);
  const boundaries = rows.map((row) => {
    const cells = new RowCells(row, name);
    return { at: cells.instant(), appId: cells.text() };
  });
  const [first] = boundaries;
  // The table was emptied meanwhile.
  if (first === undefined) return [];
  const { at } = first;
  // An account with very many rows is several boundaries in a row.
  const cuts = [...new Set(boundaries.map(({ appId }) => appId))];
  return [null, ...cuts].map((after, n) => ({ after, until: cuts[n] ?? null, at }));
}
