import type { Micros } from '../instant.ts';
import type { NormalizedAnswer } from '../normalize/snapshot.ts';
import type { HoldReason, ObservationStatus } from './observation.ts';

/** A decision that comes with an observation, from the log of another target: no guard runs. */
export interface RecordedDecision {
  readonly status: ObservationStatus;
  readonly holdReason: HoldReason | null;
  readonly decidedAt: Micros | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
}

/** An observation that is about to be recorded. */
export interface IncomingObservation {
  readonly observedAt: Micros;
  readonly answer: NormalizedAnswer;
  /** sha256 hex of the body; null when there is none. */
  readonly payloadHash: string | null;
  readonly recorded: RecordedDecision | null;
  /** Where it came from, e.g. a line number; only handed back in a refusal. */
  readonly origin: number;
}
