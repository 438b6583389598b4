/** What the statements of a check answer, in terms that findings are made of. */
import { type EpochUnit, epochUnits, spelledNumber } from './dialect.ts';
import { type CodeKind, isDayNumber, type JoinShape, type TimeReading } from './join-sql.ts';
import { codeColumns, firstReading, type Outcome, outcomes } from './measure-sql.ts';
import type { JoinSubject } from './subject.ts';

/** Visits of one code that end alike. */
export interface CodeCount {
  /** As the table has it; null for NULL. */
  readonly code: string | null;
  readonly isLaunchScene: boolean;
  readonly outcome: Outcome;
  readonly visits: number;
  /** As `launch_scene` has it; null for a launch scene that it does not list, too. */
  readonly mapping: string | null;
  /** As `access_source` has it; null for a key that it does not list. */
  readonly origin: string | null;
  readonly appIds: readonly string[];
}

export interface Measurement {
  readonly visits: number;
  readonly byOutcome: Readonly<Record<Outcome, number>>;
  /** How many different codes there are in an outcome; {@link counts} lists the 1,000 most frequent. */
  readonly codesOf: Readonly<Record<Outcome, number>>;
  /** Ordered by outcome, most visits first. */
  readonly counts: readonly CodeCount[];
  readonly shape: JoinShape;
}

type CodeRow = Readonly<Record<(typeof codeColumns)[number], string | null>>;

/** From this many visits on, PostgreSQL joins a table with statistics faster. */
const LARGE = 100_000;

/** `answer` is what `codesSql` gives. */
export function readMeasurement(subject: JoinSubject, answer: readonly (readonly (string | null)[])[]): Measurement {
  const rows = answer.map((row) => Object.fromEntries(codeColumns.map((name, n) => [name, row[n] ?? null])) as CodeRow);
  const byOutcome = emptyCounts();
  const codesOf = emptyCounts();
  for (const row of rows) {
    const outcome = outcomeOf(row);
    byOutcome[outcome] = Number(row.all_visits);
    codesOf[outcome] = Number(row.all_codes);
  }
  const counts = rows.map(countOf);
  /** One row an outcome, of which only what is about the whole is read. */
  const wholes = [...new Map(rows.map((row) => [row.outcome, row])).values()];
  const visits = outcomes.reduce((sum, outcome) => sum + byOutcome[outcome], 0);
  const extent = subject.sample === null ? visits : Math.max(visits, subject.table.estimatedRows ?? 0);
  const shape: JoinShape = {
    codes: codeKindOf(counts, subject.bridge),
    isCleaned: subject.scene.kind !== 'integer' && wholes.some(({ misspelled_codes: codes }) => codes !== '0'),
    time: timeReadingOf(subject, wholes),
    isLarge: extent >= LARGE,
  };
  return { visits, byOutcome, codesOf, counts, shape };
}

function emptyCounts(): Record<Outcome, number> {
  return Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
}

function outcomeOf(row: CodeRow): Outcome {
  const found = outcomes.find((outcome) => outcome === row.outcome);
  if (found === undefined) throw new Error(`no outcome: ${row.outcome}`);
  return found;
}

function countOf(row: CodeRow): CodeCount {
  const { code, mapping, origin } = row;
  const appIds = [...new Set([row.first_app_id, row.last_app_id])].filter((appId) => appId !== null);
  const isLaunchScene = row.is_launch !== null;
  return { code, isLaunchScene, outcome: outcomeOf(row), visits: Number(row.visits), mapping, origin, appIds };
}

/** Codes that nobody knows do not decide. With none that is known, the query is believed. */
function codeKindOf(counts: readonly CodeCount[], bridge: boolean): CodeKind {
  const coded = counts.filter(({ outcome }) => outcome !== 'other_index' && outcome !== 'null_code');
  const hasLaunchScenes = coded.some(({ isLaunchScene }) => isLaunchScene);
  const hasAccessSources = coded.some(isKnownAccessSource);
  if (hasLaunchScenes && hasAccessSources) return 'mixed';
  if (hasLaunchScenes || hasAccessSources) return hasLaunchScenes ? 'launch_scene' : 'access_source';
  return bridge ? 'launch_scene' : 'access_source';
}

export function isKnownAccessSource({ isLaunchScene, origin, outcome }: CodeCount): boolean {
  const isKnown =
    origin !== null || !['unknown_code', 'unknown_app_id', 'app_id_spelling', 'null_app_id'].includes(outcome);
  return !isLaunchScene && isKnown;
}

/** A code that the bridge reads only because it takes this spelling: `wx-1011`. */
export function hasPrefix(code: string): boolean {
  return /^wx-/.test(trimmed(code));
}

/** A code with spaces around, leading zeros or a fraction of zeros. */
export function isMisspelled(code: string): boolean {
  return trimmed(code).replace(new RegExp(spelledNumber), '$1') !== code;
}

function trimmed(code: string): string {
  return code.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

function timeReadingOf(subject: JoinSubject, rows: readonly CodeRow[]): TimeReading | null {
  const reading = firstReading(subject);
  if (reading?.from === 'epoch') return numberReadingOf(rows);
  if (reading?.from !== 'text') return reading;
  const [zoned, local, days, all] = totalsOf(rows, ['probe_1', 'probe_2', 'probe_3', 'all_visits']);
  if (all !== 0 && days === all) return { from: 'day' };
  return { from: 'text', texts: zoned === all ? 'zoned' : local === all ? 'local' : 'any' };
}

/** `days` counts days and NULL. Without any number there is nothing to be read. */
function numberReadingOf(rows: readonly CodeRow[]): TimeReading {
  const ends = rows.flatMap((row) => [row.probe_1, row.probe_2]).filter((end) => end !== null);
  const [days, all] = totalsOf(rows, ['probe_3', 'all_visits']);
  if (ends.length > 0 && days === all) return { from: 'day' };
  return { from: 'epoch', unit: ends.some(isDayNumber) ? 'any' : unitOf(ends) };
}

function totalsOf(rows: readonly CodeRow[], columns: readonly (keyof CodeRow)[]): readonly number[] {
  return columns.map((column) => rows.reduce((total, row) => total + Number(row[column]), 0));
}

/** The unit of all numbers, by how many digits they have; `any` when they are of several. */
function unitOf(ends: readonly string[]): EpochUnit | 'any' {
  const units = new Set(ends.map((end) => epochUnits[Math.max(0, Math.ceil((end.replace('-', '').length - 11) / 3))]));
  const [unit] = units;
  return units.size === 1 && unit !== undefined ? unit : 'any';
}
