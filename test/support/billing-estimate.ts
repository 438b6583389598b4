/**
 * What BigQuery would bill for a statement, by the rules of its documentation ("Estimate and control costs", "DML: on-demand query
 * size calculation"), from the tables and columns that its text names: for want of a bill, since no emulator makes one.
 *
 * A statement bills the bytes of the columns that it reads, 10 MiB at least for each table. UPDATE, DELETE, and MERGE with one of
 * them bill the whole of the table that they change on top. INSERT does not read its target. Each statement of a script counts
 * for itself. Clustering, which may leave blocks unread, is not taken into account, so the real bill can only be smaller.
 */

const MIB = 1024 * 1024;
const MINIMUM = 10 * MIB;

/** Bytes of each column of a table, as BigQuery counts them. */
export type ColumnBytes = Readonly<Record<string, number>>;

/** One table that a statement reads, and what that bills. */
export interface TableRead {
  /** Last part of its path. */
  readonly table: string;
  readonly bytesBilled: number;
}

/** Bytes of a value: a text or BYTES has two more than its length in bytes; NULL has none. */
export function logicalBytes(type: string, byteLength: number): number {
  if (type === 'STRING' || type === 'BYTES') return 2 + byteLength;
  return type === 'BOOL' || type === 'BOOLEAN' ? 1 : 8;
}

/** The statements of a script of ours: no text in them holds a semicolon at the end of a line. */
export function statementsOf(script: string): readonly string[] {
  return script
    .split(/;(?:\n+|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

/** The table that a statement writes to. */
export function tableWrittenBy(statement: string): string | undefined {
  return /^(?:UPDATE|DELETE FROM|MERGE|INSERT INTO) `(?:[^`]+\.)?(\w+)`/.exec(statement)?.[1];
}

/** The tables that a statement names, without the one that it only inserts into. */
export function tablesReadBy(statement: string): readonly string[] {
  return [...referencesOf(statement).keys()];
}

/** What each table that a statement reads bills. Throws for a table whose columns are not given. */
export function estimateBilling(
  statement: string,
  columnBytesOf: (table: string) => ColumnBytes,
): readonly TableRead[] {
  const changed = rewrittenTable(statement);
  return [...referencesOf(statement)].map(([table, aliases]) => {
    const columns = columnBytesOf(table);
    const read = new Set(aliases.flatMap((alias) => columnsOf(statement, alias, columns)));
    const bytes = sum(Object.entries(columns).filter(([column]) => read.has(column)));
    const rewritten = table === changed ? sum(Object.entries(columns)) : 0;
    return { table, bytesBilled: Math.max(MINIMUM, bytes + rewritten) };
  });
}

/** By table: the alias of each place that names it, null without one. */
function referencesOf(statement: string): ReadonlyMap<string, readonly (string | null)[]> {
  const source = statement.replace(/^INSERT INTO `[^`]+`/, '');
  const found = new Map<string, (string | null)[]>();
  for (const [, path = '', alias = null] of source.matchAll(/`([^`]+)`(?:\s+AS\s+(\w+))?/g)) {
    const table = path.split('.').at(-1) ?? '';
    found.set(table, [...(found.get(table) ?? []), alias]);
  }
  return found;
}

/** The table that a statement changes some rows of, and so bills as a whole. */
function rewrittenTable(statement: string): string | undefined {
  const isMerge = statement.startsWith('MERGE');
  const insertsOnly = isMerge ? !/\bTHEN\s+(?:UPDATE|DELETE)\b/.test(statement) : statement.startsWith('INSERT');
  return insertsOnly ? undefined : tableWrittenBy(statement);
}

/** Columns that a statement names: behind the alias of the table, or, when it has none, anywhere. */
function columnsOf(statement: string, alias: string | null, columns: ColumnBytes): readonly string[] {
  const named = Object.keys(columns);
  const before = alias === null ? '(?<![@\\w.])' : `\\b${alias}\\.`;
  return named.filter((column) => new RegExp(`${before}${column}\\b`).test(statement));
}

function sum(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((total, [, bytes]) => total + bytes, 0);
}
