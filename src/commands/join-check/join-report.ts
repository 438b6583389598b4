import * as z from 'zod';
import { count, type Document } from '../../output-fields.ts';
import { type FindingCode, findingsOf, type RowCounts } from './findings.ts';
import { joinSql } from './join-sql.ts';
import { outcomes } from './measure-sql.ts';
import { hasPrefix, isMisspelled, type Measurement } from './measurement.ts';
import type { JoinColumn, JoinSubject } from './subject.ts';

const column = z.strictObject({ name: z.string(), type: z.string(), collation: z.string().nullable() });

/** What `join-check --json` prints. */
export const joinReportSchema = z.strictObject({
  table: z.string().describe('As it stands in a query.'),
  scene_column: column,
  app_id_column: column.nullable().describe('Null: every visit is of app_id.'),
  app_id: z.string().nullable().describe('The one account of the target, where no column says whose a visit is.'),
  time_column: column.nullable().describe('Null: the names of today are joined.'),
  time_zone: z.string().describe('In which times without an offset are read.'),
  sample: count.nullable().describe('Rows to look at; null: all.'),
  codes_are: z.enum(['access_source', 'launch_scene', 'mixed']),
  visits: count,
  join: z
    .strictObject({ visits: count, rows: count })
    .describe('Rows that the SQL gives, and of how many visits, counted at once; right when they are equal.'),
  matched: count.describe('Visits that the SQL below finds a name for.'),
  matched_directly: count.describe(
    'Those whose code needs neither the bridge nor another spelling (with --bridge: which the bridge takes).',
  ),
  outcomes: z.strictObject(
    Object.fromEntries(outcomes.map((outcome) => [outcome, count])) as Record<(typeof outcomes)[number], typeof count>,
  ),
  community: count.describe('Visits on codes that were only seen in use.'),
  by_default_rule: count.describe('Visits on launch scenes of no group, which count as 10.'),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      level: z.enum(['error', 'warning']),
      message: z.string(),
      remedy: z.string(),
      visits: count.nullable(),
      values: z.array(z.strictObject({ value: z.string(), visits: count })),
    }),
  ),
  notes: z.array(z.string()).describe('What the check took for granted.'),
  sql: z.string().describe('The right join of this table.'),
});

export type JoinReport = Document<typeof joinReportSchema>;

export function joinReport(subject: JoinSubject, measured: Measurement, rows: RowCounts): JoinReport {
  const { table, scene, appId, time, timeZone, sample, onlyAppId } = subject;
  const findings = findingsOf(subject, measured, rows);
  const visitsOf = (code: FindingCode) => findings.find((finding) => finding.code === code)?.visits ?? 0;
  return {
    table: table.quotedName,
    scene_column: columnOf(scene),
    app_id_column: appId === null ? null : columnOf(appId),
    app_id: appId === null ? onlyAppId : null,
    time_column: time === null ? null : columnOf(time),
    time_zone: timeZone,
    sample,
    codes_are: measured.shape.codes,
    visits: measured.visits,
    join: { visits: rows.visits, rows: rows.joined },
    matched: measured.byOutcome.matched,
    matched_directly: matchedDirectly(subject, measured),
    outcomes: measured.byOutcome,
    community: visitsOf('community_codes'),
    by_default_rule: visitsOf('default_rule'),
    findings,
    notes: notesOf(subject, measured),
    sql: `${joinSql(subject, measured.shape)};`,
  };
}

function columnOf({ name, type, collation }: JoinColumn) {
  return { name, type, collation };
}

function matchedDirectly({ bridge }: JoinSubject, { counts, byOutcome, codesOf }: Measurement): number {
  const matched = counts.filter(({ outcome }) => outcome === 'matched');
  const fits = matched.filter(
    ({ code, isLaunchScene }) =>
      isLaunchScene === bridge && code !== null && (!isMisspelled(code) || (bridge && hasPrefix(code))),
  );
  const visits = fits.reduce((sum, each) => sum + each.visits, 0);
  return codesOf.matched === matched.length ? visits : Math.min(visits, byOutcome.matched);
}

function notesOf({ appId, onlyAppId, time, sample, table }: JoinSubject, { visits }: Measurement): readonly string[] {
  const notes: string[] = [];
  if (sample !== null) {
    const of = table.estimatedRows === null ? '' : ` of about ${table.estimatedRows}`;
    notes.push(
      `${visits} visits${of} were looked at, as the target gave them: what is rare, or elsewhere in the table, was not seen`,
    );
  }
  if (appId === null)
    notes.push(`no --app-id-column: every visit is taken for one of ${onlyAppId}, the only account of the target`);
  if (time === null)
    notes.push('no --time-column: visits get the names of today, also those from before a name was changed');
  return notes;
}
