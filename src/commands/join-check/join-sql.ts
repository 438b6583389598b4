/** The SQL of the right join for a table. */
import { defaultAccessSourceKey } from '../../catalog/bundled-tables.ts';
import { unknownMember } from '../../catalog/unknown-member.ts';
import { type EpochUnit, type TimeWriting, timeWritings } from './dialect.ts';
import type { JoinSubject } from './subject.ts';

/** What the codes of a column are, and with that how they get to a `scene_key`. */
export type CodeKind = 'access_source' | 'launch_scene' | 'mixed';

/** How a column that is not an instant becomes one. Null: it is one, or a day, or there is none. */
export type TimeReading =
  | { readonly from: 'clock' }
  | { readonly from: 'epoch'; readonly unit: EpochUnit | 'any' }
  | { readonly from: 'text'; readonly texts: 'zoned' | 'local' | 'any' }
  /** Texts or numbers that are all days. */
  | { readonly from: 'day' };

export interface JoinShape {
  readonly codes: CodeKind;
  /** True when some codes have spaces, leading zeros or a fraction. */
  readonly isCleaned: boolean;
  readonly time: TimeReading | null;
  /** True for so many visits that a table with statistics joins faster than a view. */
  readonly isLarge: boolean;
}

/** Where the visits come from: the table, or a sample of it. */
export interface VisitSource {
  readonly from: string;
  /** More columns that the join gives. */
  readonly columns?: readonly string[];
}

/** One SELECT with the columns of the join and the name, without a semicolon. */
export function joinSql(subject: JoinSubject, shape: JoinShape, source?: VisitSource): string {
  const { dialect, table, scene, time, appId, reader } = subject;
  const named = [appId, time, scene].flatMap((column) => (column === null ? [] : [`v.${column.quotedName}`]));
  const columns = [...new Set([...named, ...(source?.columns ?? [])])];
  const isTaken = named.some((column) => column.toLowerCase().replaceAll(/[`"]/g, '') === 'v.scene_name');
  const name = `${dialect.coalesce}(s.scene_name, ${reader.literal(unknownMember.sceneName)}) AS ${isTaken ? 'name_of_scene' : 'scene_name'}`;
  const overTable = isOverTable(subject, shape);
  const bridge = overTable
    ? `\nLEFT JOIN ${reader.ownName('launch_scene')} AS l ON l.launch_scene = v.${scene.quotedName}`
    : '';
  const key = overTable
    ? `${dialect.coalesce}(l.access_source_key, ${reader.literal(defaultAccessSourceKey)})`
    : keyOf(subject, shape);
  const conditions = [
    `s.app_id = ${appIdOf(subject)}`,
    `s.scene_key = ${key}`,
    ...(overTable ? [`(l.launch_scene IS NOT NULL OR v.${scene.quotedName} BETWEEN 1000 AND 9999)`] : []),
    ...timeConditions(subject, shape),
  ];
  return `SELECT ${columns.join(', ')},
  ${name}
FROM ${source?.from ?? table.quotedName} AS v${bridge}
LEFT JOIN ${reader.ownName(dimensionOf(subject, shape))} AS s
  ON ${conditions.join('\n AND ')}`;
}

/** PostgreSQL joins many launch scenes faster over the table than over the function: sql/README.md has the figures. */
function isOverTable({ reader, scene }: JoinSubject, { codes, isLarge }: JoinShape): boolean {
  return reader.dialect === 'postgres' && isLarge && codes === 'launch_scene' && scene.kind === 'integer';
}

function dimensionOf(subject: JoinSubject, shape: JoinShape): string {
  if (subject.time === null) return 'scene_current';
  const isOverDates = joinsDays(subject, shape) || subject.reader.dialect !== 'postgres';
  return shape.isLarge && !isOverDates ? 'dim_scene' : 'scene_history';
}

function joinsDays({ time }: JoinSubject, shape: JoinShape): boolean {
  return time?.kind === 'day' || shape.time?.from === 'day';
}

/** The account of a visit. */
export function appIdOf({ appId, dialect, reader, onlyAppId }: JoinSubject): string {
  if (appId === null) return reader.literal(onlyAppId);
  const text = dialect.asText(`v.${appId.quotedName}`, appId.type);
  return appId.collation === null ? text : dialect.byBytes(text);
}

/** The code as text, spelled as WeChat's list spells it. */
export function codeOf({ scene, dialect }: JoinSubject, isCleaned: boolean): string {
  const text = dialect.asText(`v.${scene.quotedName}`, scene.type);
  const compared = scene.collation === null ? text : dialect.byBytes(text);
  return isCleaned ? dialect.cleaned(compared) : compared;
}

function keyOf(subject: JoinSubject, { codes, isCleaned }: Pick<JoinShape, 'codes' | 'isCleaned'>): string {
  const { scene, reader, dialect } = subject;
  const code = codeOf(subject, isCleaned);
  if (codes === 'access_source') return code;
  const argument = scene.kind === 'integer' ? `v.${scene.quotedName}` : code;
  const bridged = `${reader.ownName('access_source_of')}(${argument})`;
  return codes === 'launch_scene' ? bridged : `${dialect.coalesce}(${bridged}, ${code})`;
}

/**
 * The key of a visit in the statement that counts codes, whatever its code is. A launch scene has four digits at least: what is shorter
 * need not be looked at closely.
 */
export function keyOfCleaned({ reader, dialect, scene }: JoinSubject): string {
  const bridge = reader.ownName('access_source_of');
  const bridged =
    scene.kind === 'integer'
      ? `${bridge}(p.raw_code)`
      : `CASE WHEN LENGTH(p.cleaned) >= 4 THEN ${bridge}(p.cleaned) END`;
  return `${dialect.coalesce}(${bridged}, p.cleaned)`;
}

function timeConditions(subject: JoinSubject, shape: JoinShape): readonly string[] {
  if (subject.time === null) return [];
  const reading = shape.time;
  const at = timeOf(subject, reading);
  const suffix = joinsDays(subject, shape) ? '_date' : '';
  const [from, to] = [`s.effective_from${suffix} <= ${at}`, `${at} < s.effective_to${suffix}`];
  return reading === null ? [`${from} AND ${to}`] : [from, to];
}

/** The time of a visit, as an instant or a day. */
export function timeOf({ time, dialect, reader, timeZone }: JoinSubject, reading: TimeReading | null): string {
  const value = `v.${time?.quotedName}`;
  const zone = reader.literal(timeZone);
  switch (reading?.from) {
    case undefined:
      return value;
    case 'clock':
      return `${dialect.inZone(value, zone)}`;
    case 'day':
      return dialect.dayText(dialect.asText(value, time?.type ?? ''));
    case 'epoch':
      return reading.unit === 'any' ? anyEpoch(dialect, value, zone) : dialect.fromEpoch(value, reading.unit);
    case 'text':
      return textTime(dialect, dialect.asText(value, time?.type ?? ''), { zone, texts: reading.texts });
  }
}

/**
 * By the size of the number: seconds stay below 100,000,000,000 until the year 5138. A day like 20250401 would be seconds of August
 * 1970, when nobody visited a mini program.
 */
function anyEpoch(dialect: JoinSubject['dialect'], value: string, zone: string): string {
  const text = dialect.asText(value, 'number');
  const day = `CASE WHEN ${dialect.isTime(text, 'day')} THEN ${dialect.endOfDay(dialect.dayText(text), zone)} END`;
  const branches = [
    ['100000000000', 'second'],
    ['100000000000000', 'millisecond'],
    ['100000000000000000', 'microsecond'],
  ] as const;
  // The least number has no absolute value.
  const cases = branches.map(
    ([limit, unit]) => `WHEN ${value} > -${limit} AND ${value} < ${limit} THEN ${dialect.fromEpoch(value, unit)}`,
  );
  return `CASE WHEN ${mayBeDay(value)} THEN ${day} ${cases.join(' ')} END`;
}

/** True of a number that is read as a day, also when there is no such day: 20250230. */
function mayBeDay(value: string): string {
  return `${value} BETWEEN ${FIRST_DAY} AND ${LAST_DAY}`;
}

/** True of a number that is a day or NULL. */
export function isDayOrNull({ dialect }: JoinSubject, value: string): string {
  return `${value} IS NULL OR ${mayBeDay(value)} AND ${dialect.isTime(dialect.asText(value, 'number'), 'day')}`;
}

const FIRST_DAY = 19_700_101;
const LAST_DAY = 20_991_231;

/** Whether a number is read as a day: 20250401. */
export function isDayNumber(number: string): boolean {
  return Number(number) >= FIRST_DAY && Number(number) <= LAST_DAY;
}

function textTime(
  dialect: JoinSubject['dialect'],
  text: string,
  { zone, texts }: { readonly zone: string; readonly texts: 'zoned' | 'local' | 'any' },
): string {
  const zoned = dialect.zonedText(text);
  const local = dialect.inZone(dialect.localText(text), zone);
  if (texts !== 'any') return texts === 'zoned' ? zoned : local;
  return anyText(dialect, text, { zoned, local, day: dialect.endOfDay(dialect.dayText(text), zone) });
}

function anyText(dialect: JoinSubject['dialect'], text: string, read: Readonly<Record<TimeWriting, string>>): string {
  const cases = timeWritings.map((writing) => `WHEN ${dialect.isTime(text, writing)} THEN ${read[writing]}`);
  return `CASE ${cases.join(' ')} END`;
}
