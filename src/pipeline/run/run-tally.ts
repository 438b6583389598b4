import { randomBytes } from 'node:crypto';
import type { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import { formatInstant } from '../../instant.ts';
import type { RunOutcome, RunRecord } from '../../load/loader.ts';
import { addCounts, noCounts, type RunCounts, type RunCountsDelta } from '../../load/run-counts.ts';
import { MAX_CODES, type Problem, type ProblemCount, type RunReport, type RunResult } from './run-report.ts';

const PROBLEMS_SHOWN = 100;

/**
 * Counts and problems of one run, its row of `scene_run` and its report. Its memory does not grow with
 * the accounts.
 */
export class RunTally {
  readonly runId: string;
  readonly #identity: RunIdentity;
  readonly #problems: Problem[] = [];
  #problemsTotal = 0;
  /** By kind and code. */
  readonly #problemCounts = new Map<string, ProblemCount>();
  #counts = noCounts;
  #batches = 0;

  constructor(identity: RunIdentity) {
    this.runId = createRunId(identity.startedAt);
    this.#identity = identity;
  }

  get counts(): RunCounts {
    return this.#counts;
  }

  add(delta: RunCountsDelta): void {
    this.#counts = addCounts(this.#counts, delta);
  }

  /** One about the run comes first, so that it is shown however many accounts have theirs. */
  addProblem(problem: Problem): void {
    this.#problemsTotal += 1;
    this.#countProblem(problem);
    if (problem.app_id === null) this.#problems.unshift(problem);
    else this.#problems.push(problem);
    if (this.#problems.length > PROBLEMS_SHOWN) this.#problems.pop();
  }

  /** Notes that a batch was written. */
  commitBatch(delta: RunCountsDelta): void {
    this.add(delta);
    this.#batches += 1;
  }

  /** The run's row as one more batch of these counts leaves it. */
  recordAfter(delta: RunCountsDelta): RunRecord {
    return this.#record(null, null, addCounts(this.#counts, delta));
  }

  finalRecord(finishedAt: Micros, outcome: RunOutcome): RunRecord {
    return this.#record(finishedAt, outcome, this.#counts);
  }

  report(outcome: RunOutcome): RunReport {
    const problems = { problems: [...this.#problems], problems_total: this.#problemsTotal };
    return { run_id: this.runId, outcome, ...this.#counts, ...problems };
  }

  result(outcome: RunOutcome, exitCode: number, error: ScenedimError | null): RunResult {
    return { report: this.report(outcome), problemCounts: [...this.#problemCounts.values()], exitCode, error };
  }

  #countProblem({ kind, code }: Problem): void {
    const isKnown = this.#problemCounts.has(`${kind} ${code}`) || this.#problemCounts.size < MAX_CODES;
    const counted = isKnown ? code : 'other';
    const count = this.#problemCounts.get(`${kind} ${counted}`)?.count ?? 0;
    this.#problemCounts.set(`${kind} ${counted}`, { kind, code: counted, count: count + 1 });
  }

  #record(finishedAt: Micros | null, outcome: RunOutcome | null, counts: RunCounts): RunRecord {
    return { runId: this.runId, ...this.#identity, finishedAt, outcome, counts, batches: this.#batches + 1 };
  }
}

export type RunIdentity = Pick<RunRecord, 'command' | 'startedAt' | 'programVersion'>;

/** A run id sorts by start: `20260301T000000Z-1a2b3c4d`. */
function createRunId(startedAt: Micros): string {
  const second = formatInstant(startedAt).slice(0, 19).replace(/[-:]/g, '');
  return `${second}Z-${randomBytes(4).toString('hex')}`;
}
