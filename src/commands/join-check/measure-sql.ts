/** The two statements of a check: what becomes of each code, and how many rows the join gives. */
import { type ColumnKind, timeWritings } from './dialect.ts';
import {
  appIdOf,
  codeOf,
  isDayOrNull,
  type JoinShape,
  joinSql,
  keyOfCleaned,
  type TimeReading,
  timeOf,
  type VisitSource,
} from './join-sql.ts';
import type { JoinSubject } from './subject.ts';

/** What becomes of a visit in the right join. The first that fits counts. */
export const outcomes = [
  'other_index',
  'null_code',
  'null_app_id',
  'matched',
  'app_id_spelling',
  'unknown_app_id',
  'unknown_code',
  'null_time',
  'before_first_version',
  'after_last_version',
  'in_gap',
] as const;
export type Outcome = (typeof outcomes)[number];

/** Codes of an outcome that are looked at one by one. */
export const CODES_LISTED = 1_000;

/** Lists of getVisitDistribution whose keys are ranges of time and depth. */
const otherIndexes = ['access_staytime_info', 'access_depth_info'];

/** How the time is read before anything is known of its values. */
export function firstReading({ time }: JoinSubject): TimeReading | null {
  if (time?.kind === 'local_time') return { from: 'clock' };
  if (time?.kind === 'integer') return { from: 'epoch', unit: 'any' };
  return time?.kind === 'text' ? { from: 'text', texts: 'any' } : null;
}

/** The columns of {@link codesSql}. */
export const codeColumns = [
  'code',
  'is_launch',
  'outcome',
  'visits',
  /** Of the launch scene. */
  'mapping',
  /** Of the access source. */
  'origin',
  'first_app_id',
  'last_app_id',
  /**
   * Of the outcome as a whole, since not every code is listed. Of times that are numbers the least, the greatest, and how many are
   * days or NULL; of texts how many hold an offset, do not, are days.
   */
  'probe_1',
  'probe_2',
  'probe_3',
  'misspelled_codes',
  'all_visits',
  'all_codes',
] as const;

/** One row for each code and outcome. One scan of the table. The unknown member of the view has an empty app id and is no match. */
export function codesSql(subject: JoinSubject): string {
  const { dialect, reader, time } = subject;
  const own = (object: string) => reader.ownName(object);
  const isDay = time?.kind === 'day';
  const [from, to] = isDay ? ['effective_from_date', 'effective_to_date'] : ['effective_from', 'effective_to'];
  const dimension = own(isDay ? 'scene_history' : 'dim_scene');
  const inForce =
    time === null ? `s.effective_to = ${dialect.openEnd}` : `s.${from} <= v.visit_time AND v.visit_time < s.${to}`;
  const outcome = `CASE
    WHEN v.is_other THEN 'other_index'
    WHEN v.code IS NULL THEN 'null_code'
    WHEN v.app_id IS NULL THEN 'null_app_id'
    WHEN s.app_id <> '' THEN 'matched'
    WHEN a.app_id IS NULL AND f.folded IS NOT NULL THEN 'app_id_spelling'
    WHEN a.app_id IS NULL THEN 'unknown_app_id'
    WHEN k.app_id IS NULL THEN 'unknown_code'
    ${time === null ? `ELSE 'after_last_version'` : timeOutcomes}
  END`;
  const count = (number: string) => dialect.asText(number, 'number');
  const gathered = time?.kind === 'integer' ? ['MIN', 'MAX', 'SUM'] : ['SUM', 'SUM', 'SUM'];
  const wholeProbes = gathered.map((gather, n) => {
    return `${gather}(c.probe_${n + 1}) OVER (PARTITION BY c.outcome) AS probe_${n + 1}`;
  });
  return `WITH scene_span AS (
  SELECT app_id, scene_key, MIN(${from}) AS first_from, MAX(${to}) AS last_to FROM ${dimension}
  WHERE app_id <> '' GROUP BY app_id, scene_key
), account AS (
  SELECT DISTINCT app_id FROM scene_span
), folded_account AS (
  SELECT DISTINCT LOWER(app_id) AS folded FROM account
), counted AS (
  SELECT v.code, v.cleaned, v.scene_key, ${outcome} AS outcome, COUNT(*) AS visits,
    MIN(v.app_id) AS first_app_id, MAX(v.app_id) AS last_app_id, ${probesOf(subject).join(', ')}
  FROM (${visitsOf(subject)}) AS v
  LEFT JOIN account AS a ON a.app_id = v.app_id
  LEFT JOIN folded_account AS f ON f.folded = LOWER(TRIM(v.app_id))
  LEFT JOIN scene_span AS k ON k.app_id = v.app_id AND k.scene_key = v.scene_key
  LEFT JOIN ${dimension} AS s ON s.app_id = v.app_id AND s.scene_key = v.scene_key AND ${inForce}
  GROUP BY 1, 2, 3, 4
), ranked AS (
  SELECT c.code, c.cleaned, c.scene_key, c.outcome, c.visits, c.first_app_id, c.last_app_id, ${wholeProbes.join(', ')},
    SUM(CASE WHEN c.code <> c.cleaned THEN 1 ELSE 0 END) OVER (PARTITION BY c.outcome) AS misspelled_codes,
    SUM(c.visits) OVER (PARTITION BY c.outcome) AS all_visits, COUNT(*) OVER (PARTITION BY c.outcome) AS all_codes,
    ROW_NUMBER() OVER (PARTITION BY c.outcome ORDER BY c.visits DESC, c.code) AS place
  FROM counted AS c
)
SELECT r.code, CASE WHEN r.scene_key <> r.cleaned THEN 'launch' END AS is_launch, r.outcome, ${count('r.visits')} AS visits,
  l.mapping, a.origin, r.first_app_id, r.last_app_id, ${count('r.probe_1')} AS probe_1, ${count('r.probe_2')} AS probe_2,
  ${count('r.probe_3')} AS probe_3, ${count('r.misspelled_codes')} AS misspelled_codes, ${count('r.all_visits')} AS all_visits, ${count('r.all_codes')} AS all_codes
FROM ranked AS r
LEFT JOIN ${own('launch_scene')} AS l ON ${dialect.asText('l.launch_scene', 'number')} = ${dialect.withoutPrefix('r.cleaned')}
LEFT JOIN ${own('access_source')} AS a ON a.access_source_key = r.scene_key
WHERE r.place <= ${CODES_LISTED}
ORDER BY r.outcome, r.place`;
}

const timeOutcomes = `WHEN v.visit_time IS NULL THEN 'null_time'
    WHEN v.visit_time < k.first_from THEN 'before_first_version'
    WHEN v.visit_time >= k.last_to THEN 'after_last_version'
    ELSE 'in_gap'`;

/** The visits in terms of the check; what several columns are made of is computed first. */
function visitsOf(subject: JoinSubject): string {
  const { time, dialect } = subject;
  const key = keyOfCleaned(subject);
  const visitTime = time?.kind === 'text' ? textTimeOf(subject) : 'p.visit_time';
  const timeColumns = time === null ? '' : `, ${visitTime} AS visit_time, p.raw_time`;
  const marks = time?.kind === 'text' ? timeWritings.map((writing) => `, p.is_${writing}`).join('') : '';
  return `
    SELECT p.code, p.cleaned, ${key} AS scene_key, p.app_id, p.is_other${timeColumns}${marks}
    FROM (${plainVisits(subject)}) AS p${dialect.computedOnce}
  `;
}

function plainVisits(subject: JoinSubject): string {
  const { scene, time, index, dialect, reader } = subject;
  const literals = otherIndexes.map((name) => reader.literal(name)).join(', ');
  const isOther = index === null ? 'FALSE' : `${dialect.asText(`v.${index.quotedName}`, index.type)} IN (${literals})`;
  const raw = `v.${time?.quotedName}`;
  const text = dialect.asText(raw, time?.type ?? '');
  const timeColumns = {
    none: [],
    text: [
      ...timeWritings.map((writing) => `${dialect.isTime(text, writing)} AS is_${writing}`),
      `${text} AS raw_time`,
    ],
    other: [`${timeOf(subject, firstReading(subject))} AS visit_time`, `${raw} AS raw_time`],
  }[time === null ? 'none' : time.kind === 'text' ? 'text' : 'other'];
  const columns = [
    `v.${scene.quotedName} AS raw_code`,
    `${codeOf(subject, false)} AS code`,
    `${codeOf(subject, scene.kind !== 'integer')} AS cleaned`,
    `${appIdOf(subject)} AS app_id`,
    `${isOther} AS is_other`,
    ...timeColumns,
  ];
  return `
      SELECT ${columns.join(',\n        ')}
      FROM ${sourceOf(subject).from} AS v${dialect.computedOnce}
    `;
}

function textTimeOf({ dialect, reader, timeZone }: JoinSubject): string {
  const zone = reader.literal(timeZone);
  const local = dialect.inZone(dialect.localText('p.raw_time'), zone);
  const day = dialect.endOfDay(dialect.dayText('p.raw_time'), zone);
  return `CASE WHEN p.is_zoned THEN ${dialect.zonedText('p.raw_time')} WHEN p.is_local THEN ${local} WHEN p.is_day THEN ${day} END`;
}

function probesOf(subject: JoinSubject): readonly string[] {
  const { time } = subject;
  const probes: Partial<Record<ColumnKind, readonly string[]>> = {
    integer: [
      'MIN(v.raw_time)',
      'MAX(v.raw_time)',
      `SUM(CASE WHEN ${isDayOrNull(subject, 'v.raw_time')} THEN 1 ELSE 0 END)`,
    ],
    text: timeWritings.map((writing) => `SUM(CASE WHEN v.is_${writing} THEN 1 ELSE 0 END)`),
  };
  return (probes[time?.kind ?? 'other'] ?? ['0', '0', '0']).map((probe, n) => `${probe} AS probe_${n + 1}`);
}

/** The table, or its sample. */
function sourceOf({ table, scene, appId, time, index, sample, dialect }: JoinSubject): VisitSource {
  if (sample === null) return { from: table.quotedName };
  const columns = new Set(
    [scene, appId, time, index].flatMap((column) => (column === null ? [] : [column.quotedName])),
  );
  const { estimatedRows: rows, isStored } = table;
  // A share of the blocks, with a fifth more than needed: then the LIMIT cuts. A small table has few blocks to choose from.
  const percent = rows === null ? 100 : (sample / rows) * 120;
  const blocks =
    isStored && rows !== null && rows >= LARGE_TABLE && percent < 100 ? dialect.sampled(percent.toFixed(4)) : '';
  return {
    from: `(SELECT ${[...columns].join(', ')}, ROW_NUMBER() OVER () AS ${VISIT_NUMBER} FROM ${table.quotedName}${blocks} LIMIT ${sample})`,
    columns: [`v.${VISIT_NUMBER}`],
  };
}

const VISIT_NUMBER = 'scenedim_visit_number';
const LARGE_TABLE = 100_000;

/** Counts visits, and rows of the join of these same visits; both in one statement, so that no new visit comes between. */
export function rowsSql(subject: JoinSubject, shape: JoinShape): string {
  const { table, sample } = subject;
  const source = sourceOf(subject);
  const join = joinSql(subject, shape, source);
  // A sample is drawn once: drawn twice, it need not be the same.
  if (sample !== null)
    return `SELECT COUNT(DISTINCT j.${VISIT_NUMBER}) AS visits, COUNT(*) AS joined_rows FROM (${join}) AS j`;
  return `SELECT (SELECT COUNT(*) FROM ${table.quotedName}) AS visits, (SELECT COUNT(*) FROM (${join}) AS j) AS joined_rows`;
}
