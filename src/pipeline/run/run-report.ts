import * as z from 'zod';
import type { ScenedimError } from '../../errors.ts';
import { runOutcomes } from '../../load/loader.ts';
import { runCountNames } from '../../load/run-counts.ts';
import { count, type Document } from '../../output-fields.ts';

export const problemKinds = [
  'failed',
  'skipped',
  'held',
  'bad_line',
  'clock_skew',
  'removals_suspended',
  'left',
  'roster_shrunk',
  'catalog_changed',
  'run',
] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** Pairs of kind and code that a report counts apart: more tell a person nothing, and a monitor keeps each for months. */
export const MAX_CODES = 50;

const problem = z.strictObject({
  app_id: z.string().nullable().describe('Null when it is about the run.'),
  kind: z.enum(problemKinds),
  code: z.string().describe("WeChat's errcode, our own error code, or the hold reason."),
  message: z.string(),
  remedy: z.string().nullable().describe('What to do about it; null when there is nothing to do but wait.'),
});

/** Something about one account or the run that a person should know. Holds no secret. */
export type Problem = Document<typeof problem>;

export const versionCountsSchema = z.strictObject({
  opened: count.describe('Rows inserted.'),
  closed: count.describe('Rows that were open before the run and are not now.'),
  rewritten: count.describe('Rows that changed other than by being closed.'),
  removed: count.describe('Rows deleted.'),
});

/** What `sync`, `replay`, `plan` and `rebuild` print with `--json`. `problems` is capped at 100, `problems_total` is not. */
export const runReportSchema = z.strictObject({
  run_id: z.string(),
  outcome: z.enum(runOutcomes),
  accounts: countsOf(runCountNames.accounts),
  observations: countsOf(runCountNames.observations),
  versions: versionCountsSchema,
  rejects: count,
  problems: z.array(problem).max(100),
  problems_total: count,
  usage: z
    .strictObject({ jobs: count, bytes_billed: count })
    .optional()
    .describe('What the target billed for the run; only of a target that bills its jobs.'),
});

export type RunReport = Document<typeof runReportSchema>;

/** How a run ended: what it reports, and how the process should end. */
export interface RunResult {
  readonly report: RunReport;
  /** All problems, those that the report leaves out as well. */
  readonly problemCounts: readonly ProblemCount[];
  /** Without 130 and 143, because the caller knows the signal, and 99, which is an option of the caller's. */
  readonly exitCode: number;
  /** Why the run stopped early, to be printed like any error; null when it came to its end. */
  readonly error: ScenedimError | null;
}

/** How many problems have a kind and code. From {@link MAX_CODES} pairs on, new ones of a kind count as `other`. */
export interface ProblemCount {
  readonly kind: ProblemKind;
  readonly code: string;
  readonly count: number;
}

function countsOf<Name extends string>(names: readonly Name[]) {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>);
}
