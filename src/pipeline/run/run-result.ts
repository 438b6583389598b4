import type { ScenedimError } from '../../errors.ts';
import type { LoaderUsage } from '../../load/loader.ts';
import type { RunReport } from './run-report.ts';

/** How a run ended: what it reports, and how the process should end. */
export interface RunResult {
  readonly report: RunReport;
  /** As in DESIGN section 4, without 130/143 (the caller knows the signal) and 99 (its option). */
  readonly exitCode: number;
  /** Why the run stopped early, to be printed like any error; null when it came to its end. */
  readonly error: ScenedimError | null;
  /** What the target billed; only some bill. */
  readonly usage?: LoaderUsage;
}
