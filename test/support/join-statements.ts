/** Every statement that `join-check` can send to BigQuery about a table, in its shapes. */
import { epochUnits } from '../../src/commands/join-check/dialect.ts';
import { type JoinShape, joinSql, type TimeReading } from '../../src/commands/join-check/join-sql.ts';
import { codesSql, rowsSql } from '../../src/commands/join-check/measure-sql.ts';
import { chooseColumns, type JoinSubject } from '../../src/commands/join-check/subject.ts';
import { quoteLiteral } from '../../src/load/bigquery/sql/quote-literal.ts';
import { type DatasetName, tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import type { TableDescription, TableReader } from '../../src/load/table-reader.ts';

const readings: Readonly<Record<string, readonly TimeReading[]>> = {
  DATETIME: [{ from: 'clock' }],
  INT64: [...([...epochUnits, 'any'] as const).map((unit) => ({ from: 'epoch', unit }) as const), { from: 'day' }],
  STRING: [...(['zoned', 'local', 'any'] as const).map((texts) => ({ from: 'text', texts }) as const), { from: 'day' }],
};

/** Statements, those that make the tables first. */
export function bigqueryJoinStatements(place: DatasetName): readonly string[] {
  const made: string[] = [];
  const sent: string[] = [];
  for (const codeType of ['INT64', 'NUMERIC', 'FLOAT64', 'STRING']) {
    for (const timeType of [null, 'TIMESTAMP', 'DATETIME', 'DATE', 'STRING', 'INT64']) {
      const name = `visit_${codeType}_${timeType}`.toLowerCase();
      const path = tablePath(place, name);
      made.push(
        `CREATE TABLE ${path} (app_id STRING, code ${codeType}, visited_at ${timeType ?? 'BYTES'}, list_index STRING)`,
      );
      for (const subject of subjectsOf(place, path, { codeType, timeType })) sent.push(...statementsOf(subject));
    }
  }
  return [...made, ...sent];
}

interface ColumnTypes {
  readonly codeType: string;
  readonly timeType: string | null;
}

function subjectsOf(place: DatasetName, path: string, { codeType, timeType }: ColumnTypes): readonly JoinSubject[] {
  const column = (name: string, type: string) => ({ name, quotedName: `\`${name}\``, type, collation: null });
  const base: TableDescription = {
    quotedName: path,
    columns: [
      column('app_id', 'STRING'),
      column('code', codeType),
      column('visited_at', timeType ?? 'BYTES'),
      column('list_index', 'STRING'),
    ],
    estimatedRows: 1_000_000_000,
    isStored: true,
    needsFilter: false,
  };
  const reader: TableReader = {
    dialect: 'bigquery',
    describe: async () => ({ table: base }),
    ownName: (object) => tablePath(place, object),
    literal: quoteLiteral,
    select: async () => [],
  };
  const names = {
    sceneColumn: 'code',
    appIdColumn: 'app_id',
    ...(timeType === null ? {} : { timeColumn: 'visited_at' }),
  };
  const whole: JoinSubject = {
    reader,
    table: base,
    ...chooseColumns(reader, base, names),
    onlyAppId: 'wx1',
    timeZone: 'Asia/Shanghai',
    bridge: false,
    sample: null,
  };
  return [whole, { ...whole, appId: null, index: null, sample: 1_000 }];
}

function statementsOf(subject: JoinSubject): readonly string[] {
  const statements = [codesSql(subject)];
  for (const codes of ['access_source', 'launch_scene', 'mixed'] as const) {
    for (const time of readings[subject.time?.type ?? ''] ?? [null]) {
      const shape: JoinShape = { codes, isCleaned: subject.scene.kind !== 'integer', time, isLarge: true };
      statements.push(joinSql(subject, shape), rowsSql(subject, shape));
    }
  }
  return statements;
}
