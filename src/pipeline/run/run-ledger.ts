import { randomBytes } from 'node:crypto';
import type { VersionCounts } from '../../dimension/version-changes.ts';
import type { Micros } from '../../instant.ts';
import { formatInstant } from '../../instant.ts';
import type { RunCounts, RunOutcome, RunRecord } from '../../load/loader.ts';
import type { Problem, RunReport } from './run-report.ts';

const PROBLEMS_SHOWN = 100;

const zeroCounts: RunCounts = {
  accountsSelected: 0,
  accountsChanged: 0,
  accountsUnchanged: 0,
  accountsHeld: 0,
  accountsSkipped: 0,
  accountsFailed: 0,
  accountsFresh: 0,
  observationsRecorded: 0,
  observationsDuplicate: 0,
  versionsOpened: 0,
  versionsClosed: 0,
  versionsRewritten: 0,
  versionsRemoved: 0,
  rejects: 0,
};

/** The books of one run: counts, problems and the row of `scene_run`. Its memory does not grow with the accounts. */
export interface RunLedger {
  readonly runId: string;
  readonly counts: RunCounts;
  readonly batches: number;
  add(delta: Partial<RunCounts>): void;
  addProblem(problem: Problem): void;
  /** The run row as it stands, or as it would stand after one more batch of these counts. */
  recordAfter(delta: Partial<RunCounts>): RunRecord;
  /** Notes that a batch was written. */
  commitBatch(delta: Partial<RunCounts>): void;
  finalRecord(finishedAt: Micros, outcome: RunOutcome): RunRecord;
  report(outcome: RunOutcome): RunReport;
}

export interface RunIdentity {
  readonly command: string;
  readonly startedAt: Micros;
  readonly programVersion: string;
}

/** A run id sorts by start: `20260301T000000Z-1a2b3c4d`. */
export function createRunId(startedAt: Micros): string {
  const second = formatInstant(startedAt - (startedAt % 1_000_000n)).replace(/[-:]/g, '');
  return `${second}-${randomBytes(4).toString('hex')}`;
}

export function createRunLedger(identity: RunIdentity): RunLedger {
  const runId = createRunId(identity.startedAt);
  const problems: Problem[] = [];
  let problemsTotal = 0;
  let counts = zeroCounts;
  let batches = 0;

  const record = (finishedAt: Micros | null, outcome: RunOutcome | null, delta: Partial<RunCounts>): RunRecord => ({
    runId,
    ...identity,
    finishedAt,
    outcome,
    counts: addCounts(counts, delta),
    batches: batches + 1,
  });

  return {
    runId,
    get counts() {
      return counts;
    },
    get batches() {
      return batches;
    },
    add(delta) {
      counts = addCounts(counts, delta);
    },
    addProblem(problem) {
      problemsTotal += 1;
      if (problems.length < PROBLEMS_SHOWN) problems.push(problem);
    },
    recordAfter: (delta) => record(null, null, delta),
    commitBatch(delta) {
      counts = addCounts(counts, delta);
      batches += 1;
    },
    finalRecord: (finishedAt, outcome) => record(finishedAt, outcome, {}),
    report: (outcome) => ({
      run_id: runId,
      outcome,
      accounts: {
        selected: counts.accountsSelected,
        changed: counts.accountsChanged,
        unchanged: counts.accountsUnchanged,
        held: counts.accountsHeld,
        skipped: counts.accountsSkipped,
        failed: counts.accountsFailed,
        fresh: counts.accountsFresh,
      },
      observations: { recorded: counts.observationsRecorded, duplicate: counts.observationsDuplicate },
      versions: {
        opened: counts.versionsOpened,
        closed: counts.versionsClosed,
        rewritten: counts.versionsRewritten,
        removed: counts.versionsRemoved,
      },
      rejects: counts.rejects,
      problems: [...problems],
      problems_total: problemsTotal,
    }),
  };
}

/** Version counts under the names that the run row uses. */
export function toRunCounts(counts: VersionCounts): Partial<RunCounts> {
  return {
    versionsOpened: counts.opened,
    versionsClosed: counts.closed,
    versionsRewritten: counts.rewritten,
    versionsRemoved: counts.removed,
  };
}

/** The sum of two sets of counts; a missing one is 0. */
export function addCounts(counts: RunCounts, delta: Partial<RunCounts>): RunCounts {
  const sum: Record<string, number> = { ...counts };
  for (const [name, value] of Object.entries(delta)) sum[name] = (sum[name] ?? 0) + value;
  return { ...counts, ...sum };
}
