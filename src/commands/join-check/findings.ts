/** What is wrong with a join, from what was measured. Pure. */
import { formatCount } from '../../report/format-count.ts';
import type { Outcome } from './measure-sql.ts';
import { type CodeCount, hasPrefix, isKnownAccessSource, isMisspelled, type Measurement } from './measurement.ts';
import type { JoinSubject } from './subject.ts';

/** In the order in which they are told: what explains most comes first. */
const remedies = {
  multiplied_rows: 'run scenedim verify, then scenedim rebuild: two versions of a scene are in force at once',
  other_index:
    'keep the lists access_source_session_cnt and access_source_visit_uv only: the others have ranges as keys',
  launch_scenes: 'go over the bridge, as the SQL below does; scenedim join-check --bridge checks a query that does',
  access_sources: 'leave access_source_of out, as the SQL below does; without --bridge a query is checked that does',
  mixed_codes: 'join by the SQL below: launch scenes go over the bridge, access sources do not',
  prefixed_codes:
    'go over the bridge, which takes the prefix, as the SQL below does; add --bridge to check such a query',
  misspelled_codes: 'join by the SQL below, which cleans the codes, or correct them where they are written',
  unknown_app_ids: 'add these accounts to source.accounts and run scenedim sync, or leave their visits out',
  misspelled_app_ids: 'write app ids in the table as WeChat does, without spaces and in its case',
  unknown_codes:
    'see that this is the right column; scenedim sync brings new scenes, scenedim status says how old the list is',
  before_first_version: 'replay older answers, if you have some; without them nobody knows the name of that time',
  after_last_version:
    'WeChat has taken the scene off its list: scenedim history KEY says when; if it is back, run scenedim sync',
  in_gap:
    'WeChat did not list the scene for a while: scenedim history KEY says when; replay answers of that time, if you have some',
  null_codes: 'leave these visits out, or find out why they are written without a code',
  null_app_ids: 'leave these visits out, or find out why they are written without an app id',
  null_times: 'leave these visits out, or correct their times; write them as 2026-03-01T08:00:00+08:00',
  collation: 'join by the SQL below, which compares by bytes, or give the column the collation of our keys',
  local_times: 'join by the SQL below, which names the zone, or store instants; is it another zone, write that one',
  text_times: 'join by the SQL below, which makes instants of the texts, or store instants',
  epoch_times: 'join by the SQL below, which makes instants of the numbers, or store instants',
  written_days:
    'join by the SQL below, which makes dates of them and takes the name at the end of the day, or store dates',
  days: 'nothing, if a day is all you have: the SQL below takes the name at its end; name a column with the time if there is one',
  range_like_codes: 'if they are ranges of staytime or depth, take the access_source lists; else nothing',
  aggregate_codes: 'sum without them: WHERE s.is_aggregate IS NOT TRUE, which keeps visits without a name',
  community_codes: 'nothing; WeChat has not published these names, so look at scene_drift before you report them',
  default_rule: 'nothing, unless you know the group of one: then write it into the file of catalog.launchScenes',
  no_visits: 'name a table that has rows',
} as const;

export type FindingCode = keyof typeof remedies;

export const findingCodes = Object.keys(remedies) as FindingCode[];

/** What leaves the join right; everything else is an error. */
export const warningCodes: ReadonlySet<FindingCode> = new Set<FindingCode>([
  'days',
  'range_like_codes',
  'aggregate_codes',
  'community_codes',
  'default_rule',
  'no_visits',
]);

export interface JoinFinding {
  readonly code: FindingCode;
  /** An error leaves visits without a name, or may give them a wrong one; a warning asks for care. */
  readonly level: 'error' | 'warning';
  readonly message: string;
  readonly remedy: string;
  /** How many visits it is about; null when it is about the column. */
  readonly visits: number | null;
  /** The codes or app ids that it is about, most visits first, at most ten. */
  readonly values: readonly { readonly value: string; readonly visits: number }[];
}

export interface RowCounts {
  readonly visits: number;
  readonly joined: number;
}

type Draft = Pick<JoinFinding, 'message'> & Partial<Pick<JoinFinding, 'visits' | 'values'>>;
type Drafts = Partial<Record<FindingCode, Draft | null>>;

const VALUES_SHOWN = 10;

/** All findings, those that explain most first. */
export function findingsOf(subject: JoinSubject, measured: Measurement, rows: RowCounts): readonly JoinFinding[] {
  const drafts: Drafts = {
    ...(measured.visits === 0 ? { no_visits: { message: 'there are no visits to look at' } } : {}),
    ...rowFindings(rows),
    ...codeFindings(subject, measured),
    ...accountFindings(measured),
    ...outcomeFindings(measured),
    ...columnFindings(subject, measured),
    ...careFindings(subject, measured),
  };
  return findingCodes.flatMap((code) => {
    const draft = drafts[code];
    if (draft === undefined || draft === null) return [];
    const level = warningCodes.has(code) ? 'warning' : 'error';
    return [
      {
        code,
        level,
        message: draft.message,
        remedy: remedies[code],
        visits: draft.visits ?? null,
        values: draft.values ?? [],
      },
    ];
  });
}

/** How large a part is, for people: never 0 % of something, never 100 % of less than all. */
export function formatShare(part: number, whole: number): string {
  if (part === 0 || whole === 0) return '0 %';
  if (part === whole) return '100 %';
  const percent = (part / whole) * 100;
  if (percent < 0.1) return '< 0.1 %';
  return percent > 99.9 ? '> 99.9 %' : `${percent.toFixed(1)} %`;
}

function rowFindings({ visits, joined }: RowCounts): Drafts {
  if (joined === visits) return {};
  return {
    multiplied_rows: { message: `the join makes ${formatCount(joined, 'row')} of ${formatCount(visits, 'visit')}` },
  };
}

/** A finding about visits by their code; null for none. */
function about(
  { counts, visits: all }: Measurement,
  isMeant: (count: CodeCount) => boolean,
  message: (share: string) => string,
): Draft | null {
  const meant = counts.filter(isMeant);
  if (meant.length === 0) return null;
  const visits = sumOf(meant);
  return {
    message: message(`${formatCount(visits, 'visit')} (${formatShare(visits, all)})`),
    visits,
    values: valuesOf(meant),
  };
}

function sumOf(counts: readonly CodeCount[]): number {
  return counts.reduce((sum, { visits }) => sum + visits, 0);
}

function valuesOf(counts: readonly CodeCount[]): JoinFinding['values'] {
  const byCode = new Map<string, number>();
  for (const { code, visits } of counts) if (code !== null) byCode.set(code, (byCode.get(code) ?? 0) + visits);
  const values = [...byCode].map(([value, visits]) => ({ value, visits }));
  return values.sort((a, b) => b.visits - a.visits || (a.value < b.value ? -1 : 1)).slice(0, VALUES_SHOWN);
}

const isCoded = ({ outcome, code }: CodeCount) => code !== null && outcome !== 'other_index';

/** What the codes are, beside what the query takes them for. */
function codeFindings({ bridge }: JoinSubject, measured: Measurement): Drafts {
  const { codes } = measured.shape;
  const isLaunch = (count: CodeCount) => isCoded(count) && count.isLaunchScene;
  const isAccess = (count: CodeCount) => isCoded(count) && isKnownAccessSource(count);
  const isPrefixed = (count: CodeCount) => isLaunch(count) && hasPrefix(count.code ?? '');
  const isPlainLaunch = (count: CodeCount) => isLaunch(count) && !hasPrefix(count.code ?? '');
  const misspelled = about(
    measured,
    (count) => isCoded(count) && count.outcome !== 'unknown_code' && isMisspelled(count.code ?? ''),
    (share) => `${share}: a code with spaces, leading zeros or a fraction, which is no scene_key as it stands`,
  );
  if (codes === 'mixed') {
    const [launch, access] = [isLaunch, isAccess].map((isMeant) => about(measured, isMeant, (share) => share));
    const message = `launch scenes and access sources are in one column: ${launch?.message} and ${access?.message}`;
    return {
      misspelled_codes: misspelled,
      mixed_codes: { message, values: [...(launch?.values ?? []), ...(access?.values ?? [])].slice(0, VALUES_SHOWN) },
    };
  }
  if (codes === 'access_source') {
    const message = (share: string) =>
      `${share}: an access source, which access_source_of makes null of, so 0 % match over the bridge`;
    return { misspelled_codes: misspelled, access_sources: bridge ? about(measured, isAccess, message) : null };
  }
  if (bridge) return { misspelled_codes: misspelled };
  return {
    misspelled_codes: misspelled,
    launch_scenes: about(
      measured,
      isPlainLaunch,
      (share) => `${share}: a launch scene (1000 and up), and no scene_key is one, so 0 % match directly`,
    ),
    prefixed_codes: about(measured, isPrefixed, (share) => `${share}: a launch scene written with wx- before it`),
  };
}

function accountFindings(measured: Measurement): Drafts {
  const draft = (outcome: Outcome, words: string): Draft | null => {
    const found = withOutcome(measured, outcome, words);
    if (found === null) return null;
    const appIds = new Set(measured.counts.flatMap((count) => (count.outcome === outcome ? count.appIds : [])));
    const shown = [...appIds].sort().slice(0, VALUES_SHOWN);
    const message = `${found.message}, like ${shown.map((each) => JSON.stringify(each)).join(', ')}`;
    return { ...found, message, values: [] };
  };
  return {
    unknown_app_ids: draft('unknown_app_id', 'an account that the dimension does not know'),
    misspelled_app_ids: draft('app_id_spelling', 'an app id that differs from a known one in case or spaces'),
  };
}

/** A finding about all visits with an outcome, those of codes that are not listed one by one, too; null for none. */
function withOutcome({ counts, byOutcome, visits: all }: Measurement, outcome: Outcome, words: string): Draft | null {
  const visits = byOutcome[outcome];
  if (visits === 0) return null;
  const message = `${formatCount(visits, 'visit')} (${formatShare(visits, all)}): ${words}`;
  return { message, visits, values: valuesOf(counts.filter((count) => count.outcome === outcome)) };
}

function outcomeFindings(measured: Measurement): Drafts {
  const { codesOf } = measured;
  const draft = (outcome: Outcome, words: string) => withOutcome(measured, outcome, words);
  const unknown = codesOf.unknown_code === 1 ? 'a code' : `${formatCount(codesOf.unknown_code)} codes`;
  return {
    other_index: draft('other_index', 'a list whose keys are ranges of staytime or depth, not scenes'),
    unknown_codes: draft('unknown_code', `${unknown} that the dimension does not know for the account`),
    before_first_version: draft('before_first_version', 'a time before the first version of the scene'),
    after_last_version: draft('after_last_version', 'a time after the end of the last version of the scene'),
    in_gap: draft('in_gap', 'a time between two versions of the scene, while WeChat did not list it'),
    null_codes: draft('null_code', 'the code is NULL'),
    null_app_ids: draft('null_app_id', 'the app id is NULL'),
    null_times: draft('null_time', 'no time that can be read'),
  };
}

/** What the types of the columns do to a join. */
function columnFindings({ scene, appId, time, timeZone }: JoinSubject, { visits, shape }: Measurement): Drafts {
  const collated = [scene, appId].filter((column) => column !== null && column.collation !== null);
  const names = collated.map((column) => `${column?.name} (${column?.collation})`).join(' and ');
  const areDays = shape.time?.from === 'day';
  const is = (kind: string, message: string): Draft | null =>
    time?.kind === kind && visits > 0 && !areDays ? { message } : null;
  return {
    collation:
      collated.length === 0
        ? null
        : { message: `${names} compares by another collation than our keys: the join is refused, or uses no index` },
    local_times: is(
      'local_time',
      `${time?.name} has no zone; it is read as time in ${timeZone}, the zone of scene_meta`,
    ),
    text_times: is(
      'text',
      `${time?.name} holds times as text, which a join does not compare; without an offset they are read as time in ${timeZone}`,
    ),
    epoch_times: is(
      'integer',
      `${time?.name} holds times as numbers, which a join does not compare; they are read as seconds, or parts of them, since 1970`,
    ),
    written_days: areDays
      ? {
          message: `${time?.name} holds days as ${time?.kind === 'text' ? 'text' : 'numbers'}, which are taken for days in ${timeZone}`,
        }
      : null,
    days: is('day', `${time?.name} holds days, which are taken for days in ${timeZone}`),
  };
}

/** What leaves the join right, and asks for care. */
function careFindings({ index }: JoinSubject, measured: Measurement): Drafts {
  const { counts, shape } = measured;
  const coded = counts.filter(isCoded);
  const keys = new Set(coded.map(({ code }) => code ?? ''));
  const largest = Math.max(...[...keys].map(Number));
  const isRange = keys.size >= 4 && keys.size === largest && [...keys].every((key) => /^[1-8]$/.test(key));
  return {
    range_like_codes:
      isRange && index === null && shape.codes === 'access_source'
        ? {
            message: `the only codes are 1 to ${largest}, as the ranges of access_staytime_info (1 to 8) and access_depth_info (1 to 7) are`,
          }
        : null,
    aggregate_codes: about(
      measured,
      (count) => isCoded(count) && count.code?.trim() === '@_all',
      (share) => `${share}: @_all, which means everything, beside the others`,
    ),
    community_codes: about(
      measured,
      (count) => isCoded(count) && (count.origin === 'community' || count.mapping === 'community'),
      (share) => `${share}: a code that was only seen in use, not in what WeChat publishes`,
    ),
    default_rule: about(
      measured,
      (count) => isCoded(count) && count.isLaunchScene && (count.mapping === null || count.mapping === 'default'),
      (share) => `${share}: a launch scene of no group, which counts as 10 (其他)`,
    ),
  };
}
