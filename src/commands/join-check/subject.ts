import { didYouMean } from '../../did-you-mean.ts';
import { ScenedimError } from '../../errors.ts';
import type { TableColumn, TableDescription, TableReader } from '../../load/table-reader.ts';
import { type ColumnKind, type Dialect, dialects, kindOf } from './dialect.ts';

/** A column of the table that takes part in the join. */
export interface JoinColumn extends TableColumn {
  readonly kind: ColumnKind;
}

/** What is joined: a table, and which of its columns say who, what and when. */
export interface JoinSubject {
  readonly reader: TableReader;
  readonly dialect: Dialect;
  readonly table: TableDescription;
  readonly scene: JoinColumn;
  /** Null: every visit is of {@link onlyAppId}. */
  readonly appId: JoinColumn | null;
  /** Null: the names of today. */
  readonly time: JoinColumn | null;
  /** Of a flattened answer of getVisitDistribution: which of its lists a row is of. Null: no column looks like it. */
  readonly index: JoinColumn | null;
  /** The one account of the target, where no column says whose a visit is. */
  readonly onlyAppId: string;
  /** IANA name: what `scene_meta` says. */
  readonly timeZone: string;
  /** True when the query that is checked goes over the bridge. */
  readonly bridge: boolean;
  /** Rows to look at; null: all. */
  readonly sample: number | null;
}

export interface JoinCheckOptions {
  readonly signal: AbortSignal;
  /** Is told what the check will cost, before it costs anything. */
  readonly tell: (message: string) => void;
}

export interface ColumnNames {
  readonly sceneColumn: string;
  readonly appIdColumn?: string;
  readonly timeColumn?: string;
}

export async function describeTable(reader: TableReader, name: string, signal: AbortSignal): Promise<TableDescription> {
  const found = await reader.describe(name, signal);
  if ('similar' in found) throw unknownTable(reader, name, found.similar);
  if (found.table.needsFilter) {
    throw new ScenedimError('usage', `${found.table.quotedName} cannot be read without a filter on its partitions`, {
      remedy: 'make a view of some of its days, and check the view',
    });
  }
  return found.table;
}

function unknownTable(reader: TableReader, name: string, similar: readonly string[]): ScenedimError {
  const lastPart = (path: string) => (path.split('.').at(-1) ?? path).replaceAll(/["`]/g, '');
  const best = didYouMean(lastPart(name), similar.map(lastPart));
  const meant = similar.find((each) => lastPart(each) === best);
  const spelling =
    reader.dialect === 'postgres'
      ? 'write it as in a query: schema.table, with "double quotes" around names that have capitals'
      : 'write it as in a query: table, dataset.table or project.dataset.table';
  return new ScenedimError('usage', `--table: there is no table or view ${name}`, {
    remedy: meant === undefined ? spelling : `did you mean ${meant}?`,
  });
}

/** The columns that the flags name, and the one that may say of which list a row is. */
export function chooseColumns(
  reader: TableReader,
  table: TableDescription,
  names: ColumnNames,
): Pick<JoinSubject, 'scene' | 'appId' | 'time' | 'index' | 'dialect'> {
  const dialect = dialects[reader.dialect];
  const columnOf = (flag: string, name: string, kinds: readonly ColumnKind[], holds: string): JoinColumn => {
    const column = withKind(dialect, requireColumn(reader, table, flag, name));
    if (kinds.includes(column.kind)) return column;
    const fitting = table.columns.filter(({ type }) => kinds.includes(kindOf(dialect, type)));
    throw new ScenedimError('usage', `${flag}: ${column.name} is of type ${column.type}, which holds no ${holds}`, {
      remedy: `name another column: ${columnList(fitting) || 'the table has none that fits'}`,
    });
  };
  const { sceneColumn, appIdColumn, timeColumn } = names;
  const index = table.columns.find(({ name }) => /(^|_)(index|idx|list|metric)(_|$)/i.test(name));
  const indexColumn = index === undefined ? null : withKind(dialect, index);
  return {
    dialect,
    scene: columnOf('--scene-column', sceneColumn, ['integer', 'number', 'text'], 'codes'),
    appId: appIdColumn === undefined ? null : columnOf('--app-id-column', appIdColumn, ['text'], 'app ids'),
    time:
      timeColumn === undefined
        ? null
        : columnOf('--time-column', timeColumn, ['instant', 'local_time', 'day', 'text', 'integer'], 'times'),
    index: indexColumn?.kind === 'text' && indexColumn.name !== sceneColumn ? indexColumn : null,
  };
}

function withKind(dialect: Dialect, column: TableColumn): JoinColumn {
  return { ...column, kind: kindOf(dialect, column.type) };
}

/** As a query would take it: in quotes exactly, else without regard to case, unless two columns differ in nothing else. */
function requireColumn({ dialect }: TableReader, table: TableDescription, flag: string, name: string): TableColumn {
  const isQuoted = /^"(.*)"$/s.test(name) || /^`(.*)`$/s.test(name);
  const wanted = isQuoted ? name.slice(1, -1).replaceAll('""', '"') : name;
  const exact = table.columns.find((column) => column.name === wanted);
  if (exact !== undefined) return exact;
  const folded = table.columns.filter((column) => column.name.toLowerCase() === wanted.toLowerCase());
  const [only, second] = folded;
  if (only !== undefined && second === undefined && (!isQuoted || dialect === 'bigquery')) return only;
  const names = table.columns.map((column) => column.name);
  const meant = didYouMean(wanted, names);
  throw new ScenedimError('usage', `${flag}: ${table.quotedName} has no column ${name}`, {
    remedy:
      meant === undefined
        ? `its columns are ${columnList(table.columns)}`
        : `did you mean ${meant}? It has ${columnList(table.columns)}`,
  });
}

function columnList(columns: TableDescription['columns']): string {
  const shown = columns.slice(0, 30).map(({ name }) => name);
  return shown.join(', ') + (columns.length > shown.length ? `, and ${columns.length - shown.length} more` : '');
}
