import type { ScenedimError } from '../../errors.ts';
import type { LoaderUsage, RunOutcome } from '../../load/loader.ts';
import type { RunCounts } from '../../load/run-counts.ts';

/** What `sync`, `replay` and `plan` print with `--json`. `problems` is capped at 100, `problems_total` is not. */
export interface RunReport extends RunCounts {
  readonly run_id: string;
  readonly outcome: RunOutcome;
  readonly problems: readonly Problem[];
  readonly problems_total: number;
}

/** How a run ended: what it reports, and how the process should end. */
export interface RunResult {
  readonly report: RunReport;
  /** Without 130 and 143, because the caller knows the signal, and 99, which is an option of the caller's. */
  readonly exitCode: number;
  /** Why the run stopped early, to be printed like any error; null when it came to its end. */
  readonly error: ScenedimError | null;
  /** What the target billed; only some bill. */
  readonly usage?: LoaderUsage;
}

export const problemKinds = [
  'failed',
  'skipped',
  'held',
  'bad_line',
  'clock_skew',
  'removals_suspended',
  'run',
] as const;
export type ProblemKind = (typeof problemKinds)[number];

/** Something about one account (or, with `app_id` null, about the run) that a person should know. Holds no secret. */
export interface Problem {
  readonly app_id: string | null;
  readonly kind: ProblemKind;
  /** WeChat's errcode, our own error code, or the hold reason. */
  readonly code: string;
  readonly message: string;
  /** What to do about it; null when there is nothing to do but wait. */
  readonly remedy: string | null;
}
