/** Tables of visits for `join-check`, each with one mistake or none, in terms that every dialect can make a table of. */
import type { FindingCode } from '../../src/commands/join-check/findings.ts';
import type { TestVersion } from './view-database.ts';

const beginning = '1970-01-01T00:00:00Z';

/** In a target whose time zone is Asia/Shanghai. */
export const joinTimeZone = 'Asia/Shanghai';

export const joinVersions: readonly TestVersion[] = [
  { app: 'wx1', key: '4', name: '二维码', from: beginning, to: '2025-04-01T02:00:00Z', ended: 'renamed' },
  { app: 'wx1', key: '4', name: '扫一扫二维码', from: '2025-04-01T02:00:00Z' },
  { app: 'wx1', key: '39', name: 'H5', from: beginning, to: '2025-04-01T02:00:00Z', ended: 'removed' },
  { app: 'wx1', key: '39', name: 'H5', from: '2025-05-01T02:00:00Z', to: '2025-06-01T02:00:00Z', ended: 'removed' },
  { app: 'wx1', key: '18', name: '测试', from: '2025-03-01T00:00:00Z' },
  { app: 'wx1', key: '10', name: '其他', from: beginning },
  { app: 'wx1', key: '60', name: '第三方APP', from: beginning },
  { app: 'wx1', key: '@_all', name: '全部', from: beginning },
  { app: 'wx1', key: '1', name: '列表', from: beginning },
  { app: 'wx1', key: '2', name: '搜索', from: beginning },
  { app: 'wx1', key: '3', name: '会话', from: beginning },
  { app: 'wx2', key: '4', name: '扫码', from: beginning },
];

export type CodeType = 'integer' | 'text' | 'decimal';
export type TimeType = 'instant' | 'clock' | 'day' | 'text' | 'epoch';

/** App id, code, time, list of getVisitDistribution; null is NULL. */
export type JoinVisit = readonly [appId: string | null, code: string | null, at: string | null, index?: string];

export interface JoinTable {
  /** Default integer. */
  readonly codes?: CodeType;
  /** Default instant. */
  readonly times?: TimeType;
  readonly visits: readonly JoinVisit[];
  /** True when the query that is checked goes over the bridge. */
  readonly bridge?: boolean;
}

export interface JoinCase extends JoinTable {
  readonly title: string;
  /** Null: nothing is wrong. */
  readonly finding: FindingCode | null;
  /** What the printed SQL calls the visits, in any order. */
  readonly names: readonly string[];
  /** What the remedy says, done; null when it says to join by the printed SQL, or that nothing need be done. */
  readonly cured: JoinTable | null;
}

const early = '2025-03-20T00:00:00Z';
const late = '2025-05-20T00:00:00Z';
const good: readonly JoinVisit[] = [
  ['wx1', '4', early],
  ['wx1', '4', late],
  ['wx1', '39', late],
  ['wx1', '10', late],
  ['wx2', '4', late],
];
const goodNames = ['二维码', '扫一扫二维码', 'H5', '其他', '扫码'];
const goodTable: JoinTable = { visits: good };

const launches: readonly JoinVisit[] = [
  ['wx1', '1011', early],
  ['wx1', '1047', late],
  ['wx1', '1005', late],
  ['wx2', '1011', late],
];
const launchNames = ['二维码', '扫一扫二维码', '搜索', '扫码'];

/** One more visit, and the name that it gets. */
const goodAnd = (visit: JoinVisit, name = '未知') => ({ visits: [...good, visit], names: [...goodNames, name] });

const asText = (visits: readonly JoinVisit[], spell: (code: string) => string): readonly JoinVisit[] =>
  visits.map(([appId, code, at]) => [appId, code === null ? null : spell(code), at]);
const atTimes = (first: string, second: string): readonly JoinVisit[] => [
  ['wx1', '4', first],
  ['wx1', '4', second],
];
const renamed = ['二维码', '扫一扫二维码'];

export const joinCases: readonly JoinCase[] = [
  { title: 'access sources', finding: null, visits: good, names: goodNames, cured: null },
  { title: 'access sources as text', finding: null, codes: 'text', visits: good, names: goodNames, cured: null },
  {
    title: 'launch scenes over the bridge',
    finding: null,
    bridge: true,
    visits: launches,
    names: launchNames,
    cured: null,
  },
  {
    title: 'launch scenes as wx-1011 over the bridge',
    finding: null,
    codes: 'text',
    bridge: true,
    visits: asText(launches, (code) => `wx-${code}`),
    names: launchNames,
    cured: null,
  },
  {
    title: 'launch scenes where access sources belong',
    finding: 'launch_scenes',
    visits: launches,
    names: launchNames,
    cured: { visits: launches, bridge: true },
  },
  {
    title: 'access sources put over the bridge',
    finding: 'access_sources',
    bridge: true,
    visits: good,
    names: goodNames,
    cured: goodTable,
  },
  {
    title: 'both kinds of codes',
    finding: 'mixed_codes',
    visits: [...good, ...launches],
    names: [...goodNames, ...launchNames],
    cured: null,
  },
  {
    title: 'both kinds of codes over the bridge',
    finding: 'mixed_codes',
    codes: 'text',
    bridge: true,
    visits: [...good, ...launches],
    names: [...goodNames, ...launchNames],
    cured: null,
  },
  {
    title: 'wx- before launch scenes',
    finding: 'prefixed_codes',
    codes: 'text',
    visits: asText(launches, (code) => `wx-${code}`),
    names: launchNames,
    cured: { codes: 'text', visits: asText(launches, (code) => `wx-${code}`), bridge: true },
  },
  {
    title: 'leading zeros',
    finding: 'misspelled_codes',
    codes: 'text',
    visits: asText(good, (code) => `0${code}`),
    names: goodNames,
    cured: null,
  },
  {
    title: 'spaces around codes',
    finding: 'misspelled_codes',
    codes: 'text',
    visits: asText(good, (code) => ` ${code} `),
    names: goodNames,
    cured: { codes: 'text', visits: good },
  },
  {
    title: 'codes like 4.0',
    finding: 'misspelled_codes',
    codes: 'text',
    visits: asText(good, (code) => `${code}.0`),
    names: goodNames,
    cured: { codes: 'text', visits: good },
  },
  {
    title: 'an account that the dimension does not know',
    finding: 'unknown_app_ids',
    ...goodAnd(['wx9', '4', late]),
    cured: goodTable,
  },
  {
    title: 'an app id in another case',
    finding: 'misspelled_app_ids',
    ...goodAnd(['WX1', '4', late]),
    cured: goodTable,
  },
  {
    title: 'an app id with a space',
    finding: 'misspelled_app_ids',
    ...goodAnd(['wx1 ', '4', late]),
    cured: goodTable,
  },
  {
    title: 'codes that the dimension does not know',
    finding: 'unknown_codes',
    visits: [...good, ['wx1', '99', late], ['wx1', '98', late], ['wx1', '98', early]],
    names: [...goodNames, '未知', '未知', '未知'],
    cured: goodTable,
  },
  {
    title: 'a visit before the first version',
    finding: 'before_first_version',
    ...goodAnd(['wx1', '18', '2025-02-20T00:00:00Z']),
    cured: { visits: [...good, ['wx1', '18', late]] },
  },
  {
    title: 'a visit after the last version',
    finding: 'after_last_version',
    ...goodAnd(['wx1', '39', '2025-06-20T00:00:00Z']),
    cured: goodTable,
  },
  {
    title: 'a visit between two versions',
    finding: 'in_gap',
    ...goodAnd(['wx1', '39', '2025-04-20T00:00:00Z']),
    cured: goodTable,
  },
  { title: 'a code that is NULL', finding: 'null_codes', ...goodAnd(['wx1', null, late]), cured: goodTable },
  { title: 'an app id that is NULL', finding: 'null_app_ids', ...goodAnd([null, '4', late]), cured: goodTable },
  { title: 'a time that is NULL', finding: 'null_times', ...goodAnd(['wx1', '4', null]), cured: goodTable },
  {
    title: 'times without a zone',
    finding: 'local_times',
    times: 'clock',
    visits: atTimes('2025-04-01 09:59:59', '2025-04-01 10:00:00'),
    names: renamed,
    cured: { visits: atTimes('2025-04-01T01:59:59Z', '2025-04-01T02:00:00Z') },
  },
  {
    title: 'days',
    finding: 'days',
    times: 'day',
    visits: atTimes('2025-03-31', '2025-04-01'),
    names: renamed,
    cured: { visits: atTimes('2025-03-31T15:59:59Z', '2025-04-01T02:00:00Z') },
  },
  {
    title: 'times as text, some with a zone',
    finding: 'text_times',
    times: 'text',
    visits: atTimes('2025-04-01 09:59:59', '2025-04-01T02:00:00Z'),
    names: renamed,
    cured: { visits: atTimes('2025-04-01T01:59:59Z', '2025-04-01T02:00:00Z') },
  },
  {
    title: 'times as text with a zone',
    finding: 'text_times',
    times: 'text',
    visits: atTimes('2025-04-01T01:59:59Z', '2025-04-01 10:00:00+08:00'),
    names: renamed,
    cured: null,
  },
  {
    title: 'times as text without a zone',
    finding: 'text_times',
    times: 'text',
    visits: atTimes('2025-04-01 09:59:59', '2025-04-01T10:00:00.000001'),
    names: renamed,
    cured: null,
  },
  {
    title: 'days as text',
    finding: 'written_days',
    times: 'text',
    visits: atTimes('20250331', '2025-04-01'),
    names: renamed,
    cured: null,
  },
  {
    title: 'days as numbers',
    finding: 'written_days',
    times: 'epoch',
    visits: atTimes('20250331', '20250401'),
    names: renamed,
    cured: null,
  },
  {
    title: 'days as numbers beside seconds',
    finding: 'epoch_times',
    times: 'epoch',
    visits: atTimes('1743472799', '20250401'),
    names: renamed,
    cured: null,
  },
  {
    title: 'times in seconds',
    finding: 'epoch_times',
    times: 'epoch',
    visits: atTimes('1743472799', '1743472800'),
    names: renamed,
    cured: { visits: atTimes('2025-04-01T01:59:59Z', '2025-04-01T02:00:00Z') },
  },
  {
    title: 'times in milliseconds',
    finding: 'epoch_times',
    times: 'epoch',
    visits: atTimes('1743472799999', '1743472800000'),
    names: renamed,
    cured: null,
  },
  {
    title: 'times in microseconds and seconds',
    finding: 'epoch_times',
    times: 'epoch',
    visits: atTimes('1743472799999999', '1743472800'),
    names: renamed,
    cured: null,
  },
  {
    title: 'other lists of getVisitDistribution',
    finding: 'other_index',
    visits: [
      ['wx1', '4', late, 'access_source_session_cnt'],
      ['wx1', '39', late, 'access_source_visit_uv'],
      ['wx1', '1', late, 'access_staytime_info'],
      ['wx1', '2', late, 'access_depth_info'],
    ],
    names: ['扫一扫二维码', 'H5', '列表', '搜索'],
    cured: {
      visits: [
        ['wx1', '4', late, 'access_source_session_cnt'],
        ['wx1', '39', late, 'access_source_visit_uv'],
      ],
    },
  },
  {
    title: 'codes that could be ranges',
    finding: 'range_like_codes',
    visits: ['1', '2', '3', '4'].map((code) => ['wx1', code, late] as const),
    names: ['列表', '搜索', '会话', '扫一扫二维码'],
    cured: {
      visits: ['1', '2', '3', '4'].map((code) => ['wx1', code, late, 'access_source_session_cnt'] as const),
    },
  },
  {
    title: '@_all beside other codes',
    finding: 'aggregate_codes',
    codes: 'text',
    ...goodAnd(['wx1', '@_all', late], '全部'),
    cured: { codes: 'text', visits: good },
  },
  {
    title: 'a code that was only seen in use',
    finding: 'community_codes',
    ...goodAnd(['wx1', '60', late], '第三方APP'),
    cured: null,
  },
  {
    title: 'launch scenes of no group',
    finding: 'default_rule',
    bridge: true,
    visits: [...launches, ['wx1', '1030', late], ['wx1', '8888', late]],
    names: [...launchNames, '其他', '其他'],
    cured: null,
  },
  { title: 'no visits', finding: 'no_visits', visits: [], names: [], cured: goodTable },
];

/** Names of types, and of the function that makes a table. */
export interface JoinDialect {
  readonly text: string;
  readonly codes: Readonly<Record<CodeType, string>>;
  readonly times: Readonly<Record<TimeType, string>>;
}

export const joinDialects: Readonly<Record<'postgres' | 'bigquery', JoinDialect>> = {
  postgres: {
    text: 'text',
    codes: { integer: 'integer', text: 'text', decimal: 'numeric(8, 2)' },
    times: {
      instant: 'timestamptz',
      clock: 'timestamp',
      day: 'date',
      text: 'text',
      epoch: 'bigint',
    },
  },
  bigquery: {
    text: 'STRING',
    codes: { integer: 'INT64', text: 'STRING', decimal: 'NUMERIC' },
    times: { instant: 'TIMESTAMP', clock: 'DATETIME', day: 'DATE', text: 'STRING', epoch: 'INT64' },
  },
};

/** The statement that makes a table with columns `app_id`, `code`, `visited_at`, and `list_index` where a visit has one. */
export function joinTableSql(name: string, { text, codes, times }: JoinDialect, table: JoinTable): string {
  const types = [text, codes[table.codes ?? 'integer'], times[table.times ?? 'instant'], text];
  const columns = ['app_id', 'code', 'visited_at', 'list_index'];
  const width = table.visits.some(({ length }) => length === 4) ? 4 : 3;
  const rowOf = (cells: readonly (string | null | undefined)[]) =>
    Array.from({ length: width }, (_, n) => {
      const cell = cells[n];
      return `CAST(${cell === null || cell === undefined ? 'NULL' : `'${cell}'`} AS ${types[n]}) AS ${columns[n]}`;
    }).join(', ');
  const rows = table.visits.map((visit) => `SELECT ${rowOf(visit)}`);
  const body =
    rows.length === 0
      ? `SELECT * FROM (SELECT ${rowOf([])}) AS none WHERE app_id IS NOT NULL`
      : rows.join(' UNION ALL ');
  return `CREATE TABLE ${name} AS ${body}`;
}
