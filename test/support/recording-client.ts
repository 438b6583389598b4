/** A client of BigQuery that notes what passes through it. */
import type { ApiCall, BigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import {
  type ColumnBytes,
  estimateBilling,
  logicalBytes,
  statementsOf,
  type TableRead,
  tableWrittenBy,
} from './billing-estimate.ts';

/** One job as it was sent. */
export interface RecordedJob {
  readonly kind: 'load' | 'query' | 'script';
  /** None for a load. */
  readonly statements: readonly string[];
  /** What the statements read, one entry a statement and table. */
  readonly reads: readonly TableRead[];
  /** Of the body of a load. */
  readonly bytesUploaded: number;
}

/** A client and what it has seen. */
export interface RecordingClient extends BigQueryClient {
  readonly jobs: readonly RecordedJob[];
  /** By kind: how many requests were sent. */
  readonly requests: ReadonlyMap<string, number>;
  /** Forgets what it has seen. */
  reset(): void;
}

/**
 * Notes every request of `client`. Before a query is sent, `measure` is asked for the sizes of the tables that it names, unless they
 * are as they were; those of staging tables are taken from what was loaded into them.
 */
export function createRecordingClient(
  client: BigQueryClient,
  measure: (tables: readonly string[]) => Promise<ReadonlyMap<string, ColumnBytes>>,
): RecordingClient {
  const requests = new Map<string, number>();
  const jobs: RecordedJob[] = [];
  const staged = new Map<string, Record<string, number>>();
  const measured = new Map<string, ColumnBytes>();
  const count = (kind: string) => requests.set(kind, (requests.get(kind) ?? 0) + 1);

  const noteQuery = async (sql: string): Promise<void> => {
    const statements = statementsOf(sql);
    const named = new Set([...sql.matchAll(/`(?:[^`]+\.)?(\w+)`/g)].map(([, table = '']) => table));
    const unknown = [...named].filter((table) => !staged.has(table) && !measured.has(table));
    for (const [table, columns] of await measure(unknown)) measured.set(table, columns);
    const sizeOf = (table: string): ColumnBytes => {
      const size = staged.get(table) ?? measured.get(table);
      if (size === undefined) throw new Error(`the size of ${table} is not known`);
      return size;
    };
    const reads = statements.flatMap((statement) => estimateBilling(statement, sizeOf));
    for (const statement of statements) measured.delete(tableWrittenBy(statement) ?? '');
    jobs.push({ kind: statements.length > 1 ? 'script' : 'query', statements, reads, bytesUploaded: 0 });
  };

  return {
    jobs,
    requests,
    reset() {
      jobs.length = 0;
      requests.clear();
    },
    async call(call, signal) {
      count(kindOf(call));
      const sql = queryOf(call);
      if (sql !== undefined) await noteQuery(sql);
      return client.call(call, signal);
    },
    async upload(job, chunks, signal) {
      count('load');
      const { table, types } = loadOf(job);
      const columns: Record<string, number> = Object.fromEntries([...types.keys()].map((column) => [column, 0]));
      staged.set(table, columns);
      let bytesUploaded = 0;
      function* counted(): Generator<Uint8Array> {
        for (const chunk of chunks()) {
          bytesUploaded += chunk.byteLength;
          addRows(columns, types, chunk);
          yield chunk;
        }
      }
      const answer = await client.upload(job, counted, signal);
      jobs.push({ kind: 'load', statements: [], reads: [], bytesUploaded });
      return answer;
    },
    member: () => client.member(),
  };
}

/** Chunks of ours hold whole lines. */
function addRows(columns: Record<string, number>, types: ReadonlyMap<string, string>, chunk: Uint8Array): void {
  for (const line of Buffer.from(chunk).toString('utf8').split('\n')) {
    if (line === '') continue;
    for (const [column, value] of Object.entries(JSON.parse(line) as Readonly<Record<string, unknown>>)) {
      const type = types.get(column) ?? '';
      const length = type === 'BYTES' ? (String(value).length * 3) / 4 : Buffer.byteLength(String(value));
      columns[column] = (columns[column] ?? 0) + logicalBytes(type, length);
    }
  }
}

function kindOf({ method, path }: ApiCall): string {
  if (method === 'POST' && path === 'jobs') return 'query';
  if (method === 'GET' && path.startsWith('jobs/')) return 'look at a job';
  if (method === 'GET' && path.startsWith('queries/')) return 'page of rows';
  if (method === 'DELETE') return 'drop a staging table';
  if (method === 'POST' && path.endsWith('/tables')) return 'make a staging table';
  return `${method} ${path.replace(/^datasets\/\w+$/, 'the dataset')}`;
}

function queryOf({ method, path, body }: ApiCall): string | undefined {
  if (method !== 'POST' || path !== 'jobs') return undefined;
  return (body as { readonly configuration: { readonly query: { readonly query: string } } }).configuration.query.query;
}

function loadOf(job: object): { readonly table: string; readonly types: ReadonlyMap<string, string> } {
  const { load } = (job as { readonly configuration: { readonly load: Load } }).configuration;
  return {
    table: load.destinationTable.tableId,
    types: new Map(load.schema.fields.map(({ name, type }) => [name, type])),
  };
}

interface Load {
  readonly destinationTable: { readonly tableId: string };
  readonly schema: { readonly fields: readonly { readonly name: string; readonly type: string }[] };
}
