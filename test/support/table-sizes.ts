import type { BigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import { connectBigquery } from './bigquery.ts';
import { runScript } from './bigquery-targets.ts';
import { type ColumnBytes, logicalBytes } from './billing-estimate.ts';

/** Measures tables as they are now. */
export type TableMeasure = (tables: readonly string[]) => Promise<ReadonlyMap<string, ColumnBytes>>;

/** Bytes of every column of some tables: rows counted where they are, types by BigQuery's documentation. */
export function createTableMeasure(config: BigQueryConfig): TableMeasure {
  const described = new Map<string, Promise<readonly Column[]>>();
  const describe = (table: string): Promise<readonly Column[]> => {
    const columns = described.get(table) ?? columnsOf(config, table);
    described.set(table, columns);
    return columns;
  };
  return async (tables) => {
    if (tables.length === 0) return new Map();
    const columns = await Promise.all(tables.map(describe));
    const sources = tables.map((table, n) => {
      const sums = (columns[n] ?? []).map(({ name, type }) => bytesOf(name, type));
      return `(SELECT AS STRUCT ${sums.join(', ')} FROM ${tablePath(config, table)}) AS t${n}`;
    });
    const [row = {}] = await runScript(config, `SELECT ${sources.join(', ')}`);
    return new Map(
      tables.map((table, n) => {
        const sums = row[`t${n}`] as Readonly<Record<string, unknown>>;
        return [table, Object.fromEntries(Object.entries(sums).map(([name, bytes]) => [name, Number(bytes)]))];
      }),
    );
  };
}

interface Column {
  readonly name: string;
  readonly type: string;
}

function bytesOf(name: string, type: string): string {
  if (type !== 'STRING' && type !== 'BYTES') return `COUNT(${name}) * ${logicalBytes(type, 0)} AS ${name}`;
  return `COUNT(${name}) * ${logicalBytes(type, 0)} + COALESCE(SUM(BYTE_LENGTH(${name})), 0) AS ${name}`;
}

async function columnsOf(
  { projectId, location = 'US', apiEndpoint, dataset }: BigQueryConfig,
  table: string,
): Promise<readonly Column[]> {
  const client = connectBigquery({ projectId, location, ...(apiEndpoint === undefined ? {} : { apiEndpoint }) });
  const [metadata] = await client.dataset(dataset).table(table).getMetadata();
  return (metadata as { readonly schema: { readonly fields: readonly Column[] } }).schema.fields;
}
