import type { RunOutcome } from '../../load/loader.ts';

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

/** What `sync`, `replay` and `plan` print with `--json`. `problems` is capped at 100, `problems_total` is not. */
export interface RunReport {
  readonly run_id: string;
  readonly outcome: RunOutcome;
  readonly accounts: {
    readonly selected: number;
    readonly changed: number;
    readonly unchanged: number;
    readonly held: number;
    readonly skipped: number;
    readonly failed: number;
    readonly fresh: number;
  };
  readonly observations: { readonly recorded: number; readonly duplicate: number };
  readonly versions: {
    readonly opened: number;
    readonly closed: number;
    readonly rewritten: number;
    readonly removed: number;
  };
  readonly rejects: number;
  readonly problems: readonly Problem[];
  readonly problems_total: number;
}
