import * as z from 'zod';
import { endReasons, valueKinds } from '../dimension/version.ts';
import { errorCodes } from '../errors.ts';
import { runOutcomes } from '../load/loader.ts';
import { type RunCounts, runCountNames } from '../load/run-counts.ts';
import { problemKinds } from '../pipeline/run/run-report.ts';

const count = z.int().min(0);
const time = z.iso.datetime({ precision: 6 }).describe('RFC 3339 in UTC with six digits of fraction.');
const versions = z.strictObject({
  opened: count.describe('Rows inserted.'),
  closed: count.describe('Rows that were open before the run and are not now.'),
  rewritten: count.describe('Rows that changed other than by being closed.'),
  removed: count.describe('Rows deleted.'),
} satisfies Record<keyof RunCounts['versions'], z.ZodType>);

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
  accounts: countsOf(runCountNames.accounts),
  observations: countsOf(runCountNames.observations),
  versions,
  rejects: count,
  problems: z.array(problem).max(100),
  problems_total: count,
  usage: z
    .strictObject({ jobs: count, bytes_billed: count })
    .optional()
    .describe('What the target billed for the run; only of a target that bills its jobs.'),
});

const decisionReport = z.strictObject({
  run_id: z.string(),
  outcome: z.enum(['ok', 'nothing_changed']),
  app_id: z.string(),
  decided: z.array(time),
  versions,
  message: z.string(),
});

const verifyReport = z.strictObject({
  outcome: z.enum(['ok', 'refused']),
  accounts: count,
  versions: count,
  violations: z.array(z.strictObject({ app_id: z.string(), rule: z.string(), message: z.string() })).max(100),
  violations_total: count,
});

const finding = z.strictObject({
  level: z.enum(['ok', 'warning', 'error']),
  subject: z.string(),
  message: z.string(),
  remedy: z.string().nullable(),
});

const status = z.strictObject({
  accounts: z.array(
    z.strictObject({
      app_id: z.string(),
      state: z.enum(['ok', 'failed', 'held', 'removals_suspended']),
      last_ok_at: time.nullable(),
      last_observed_at: time.nullable(),
      last_attempt_at: time,
      last_error_code: z.string().nullable(),
      held: z.boolean(),
      removals_suspended_since: time.nullable(),
    }),
  ),
  accounts_total: count,
});

const version = z.strictObject({
  version_id: z.string(),
  scene_id: z.string(),
  app_id: z.string(),
  scene_key: z.string(),
  scene_value: z.union([z.int(), z.string()]).nullable().describe('A string beyond the safe integers.'),
  value_kind: z.enum(valueKinds),
  is_aggregate: z.boolean(),
  scene_name: z.string(),
  effective_from: time,
  effective_to: time,
  is_current: z.boolean(),
  end_reason: z.enum(endReasons).nullable(),
  first_observed_at: time,
});

function countsOf<Name extends string>(names: readonly Name[]) {
  return z.strictObject(Object.fromEntries(names.map((name) => [name, count])) as Record<Name, typeof count>);
}

const codes = Object.keys(errorCodes) as [string, ...string[]];

const outputs: Readonly<Record<string, z.ZodType>> = {
  'run-report': runReportSchema,
  'decision-report': decisionReport.describe('What accept and hold print.'),
  'verify-report': verifyReport,
  check: z.strictObject({ outcome: z.enum(['ok', 'warning', 'error']), exit_code: count, findings: z.array(finding) }),
  status,
  history: z.strictObject({ scene_key: z.string(), versions: z.array(version) }),
  version: version.describe('A line of export --format ndjson.'),
  migrate: z.union([
    z.strictObject({ from_version: count.nullable(), to_version: count, applied: z.array(z.string()) }),
    z.strictObject({ sql: z.string() }).describe('With --print-sql.'),
  ]),
  file: z.strictObject({ file: z.string(), bytes: count }).describe('What export and export-log print with --output.'),
  init: z.strictObject({ file: z.string() }),
  simulate: z.strictObject({
    url: z.string(),
    accounts: z.array(z.strictObject({ app_id: z.string(), app_secret: z.string() })),
  }),
  demo: z.strictObject({
    runs: z.array(runReportSchema),
    history: z.array(version),
    visits: z.array(
      z.strictObject({ visited: z.string(), code: z.string(), scene_name: z.string(), remark: z.string() }),
    ),
  }),
  error: z
    .strictObject({
      error: z.strictObject({ code: z.enum(codes), message: z.string(), remedy: z.string().nullable() }),
    })
    .describe('What --json prints when a command fails.'),
};

/** The documents that `--json` prints, by the name that `schema` takes. */
export const outputNames: readonly string[] = Object.keys(outputs);

/** The JSON Schema of one of {@link outputNames}; undefined for any other name. */
export function outputJsonSchema(name: string): object | undefined {
  const schema = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
  return schema === undefined ? undefined : z.toJSONSchema(schema);
}
