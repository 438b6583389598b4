import * as z from 'zod';
import type { TableColumn, TableReader } from '../../table-reader.ts';
import { isMissing, parseAnswer } from '../errors/bigquery-failure.ts';
import { dryRun, type JobRunner } from '../jobs/run-job.ts';
import { queryConfiguration, queryRows } from '../jobs/run-query.ts';
import { quoteLiteral } from '../sql/quote-literal.ts';
import { tablePath } from '../sql/table-path.ts';

/** Tables of any dataset and project that the jobs of the target can read. What it asks of tables is free; only `select` is billed. */
export function createTableReader(
  runner: JobRunner,
  classified: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>,
): TableReader {
  return {
    dialect: 'bigquery',
    describe: (name, signal) => classified(() => describe(runner, name, signal), signal),
    ownName: (object) => tablePath(runner.config, object),
    literal: quoteLiteral,
    select: (statement, signal, maximumBytes) => {
      const limit = maximumBytes === undefined ? {} : { maximumBytesBilled: maximumBytes };
      return classified(() => queryRows(runner, { sql: statement, ...limit }, signal), signal);
    },
    estimateBytes: (statement, signal) =>
      classified(() => dryRun(runner, queryConfiguration({ sql: statement }), signal), signal),
  };
}

interface TableName {
  readonly projectId: string;
  readonly dataset: string;
  readonly table: string;
}

async function describe(runner: JobRunner, name: string, signal: AbortSignal): ReturnType<TableReader['describe']> {
  const place = placeOf(runner, name);
  if (place === null) return { similar: [] };
  const { projectId, dataset, table } = place;
  try {
    const path = `datasets/${encodeURIComponent(dataset)}/tables/${encodeURIComponent(table)}`;
    const found = parseAnswer(tableAnswer, await runner.client.call({ method: 'GET', path, projectId }, signal));
    const isStored = (found.type ?? 'TABLE') === 'TABLE';
    return {
      table: {
        quotedName: tablePath(place, table),
        columns: (found.schema?.fields ?? []).map(columnOf),
        estimatedRows: isStored && found.numRows !== undefined ? Number(found.numRows) : null,
        isStored,
        needsFilter: found.requirePartitionFilter ?? found.timePartitioning?.requirePartitionFilter ?? false,
      },
    };
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error;
    return { similar: await namesIn(runner, place, signal) };
  }
}

/** `table`, `dataset.table` or `project.dataset.table`, in backticks or not; what is left out is the target's. Null when it is no name. */
function placeOf({ config }: JobRunner, name: string): TableName | null {
  const plain = name.trim().replaceAll('`', '');
  const parts = plain.split('.');
  // The id of a project of old domains has a dot before its colon: `example.com:project`.
  const [table = '', dataset = config.dataset, ...rest] = parts.reverse();
  const projectId = rest.length === 0 ? config.projectId : rest.reverse().join('.');
  const isName = [table, dataset].every((part) => /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd} ]+$/u.test(part));
  return isName && /^[a-z0-9.:-]+$/.test(projectId) ? { projectId, dataset, table } : null;
}

/** The tables of a dataset; none when it is not there either. */
async function namesIn(
  { client, config }: JobRunner,
  { projectId, dataset }: TableName,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    const path = `datasets/${encodeURIComponent(dataset)}/tables`;
    const call = { method: 'GET', path, projectId, query: { maxResults: '1000' } } as const;
    const { tables = [] } = parseAnswer(listAnswer, await client.call(call, signal));
    const prefix = projectId === config.projectId ? dataset : `${projectId}.${dataset}`;
    return tables.map(({ tableReference: { tableId } }) => `${prefix}.${tableId}`);
  } catch (error) {
    if (signal.aborted || !isMissing(error)) throw error;
    return [];
  }
}

function columnOf({ name, type, mode, collation }: z.output<typeof field>): TableColumn {
  const known = standardNames[type] ?? type;
  return {
    name,
    quotedName: `\`${name.replaceAll('`', '')}\``,
    type: mode === 'REPEATED' ? `ARRAY<${known}>` : known,
    collation: collation === undefined || collation === '' ? null : collation,
  };
}

/** The REST API has names of its own for some types. */
const standardNames: Readonly<Record<string, string>> = { INTEGER: 'INT64', FLOAT: 'FLOAT64', BOOLEAN: 'BOOL' };

const field = z.looseObject({
  name: z.string(),
  type: z.string(),
  mode: z.string().optional(),
  collation: z.string().optional(),
});
const tableAnswer = z.looseObject({
  type: z.string().optional(),
  schema: z.looseObject({ fields: z.array(field).default([]) }).optional(),
  numRows: z.string().optional(),
  requirePartitionFilter: z.boolean().optional(),
  timePartitioning: z.looseObject({ requirePartitionFilter: z.boolean().optional() }).optional(),
});
const listAnswer = z.looseObject({
  tables: z.array(z.looseObject({ tableReference: z.looseObject({ tableId: z.string() }) })).optional(),
});
