/** What `--json` prints of a run, a decision and a proof. */
import * as z from 'zod';
import { runOutcomes } from '../load/loader.ts';
import { count, time, versionCounts } from '../output-fields.ts';
import { problemKinds } from '../pipeline/run/run-report.ts';

const problem = z.strictObject({
  app_id: z.string().nullable().describe('Null when it is about the run.'),
  kind: z.enum(problemKinds),
  code: z.string().describe("WeChat's errcode, our own error code, or the hold reason."),
  message: z.string(),
  remedy: z.string().nullable(),
});

/** What `sync`, `replay`, `plan` and `rebuild` print. */
export const runReportSchema = z.strictObject({
  run_id: z.string(),
  outcome: z.enum(runOutcomes),
  accounts: z.strictObject({
    selected: count,
    changed: count,
    unchanged: count,
    held: count,
    skipped: count,
    failed: count,
    fresh: count,
  }),
  observations: z.strictObject({ recorded: count, duplicate: count }),
  versions: versionCounts,
  rejects: count,
  problems: z.array(problem).max(100),
  problems_total: count,
  usage: z
    .strictObject({ jobs: count, bytes_billed: count })
    .optional()
    .describe('What the target billed for the run; only of a target that bills its jobs.'),
});

export const decisionReportSchema = z
  .strictObject({
    run_id: z.string(),
    outcome: z.enum(['ok', 'nothing_changed']),
    app_id: z.string(),
    decided: z.array(time),
    versions: versionCounts,
    message: z.string(),
  })
  .describe('What accept and hold print.');

export const verifyReportSchema = z.strictObject({
  outcome: z.enum(['ok', 'refused']),
  accounts: count,
  versions: count,
  violations: z.array(z.strictObject({ app_id: z.string(), rule: z.string(), message: z.string() })).max(100),
  violations_total: count,
});
