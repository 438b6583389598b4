import type { Micros } from '../instant.ts';
import type { NormalizedAnswer, RejectedRow } from '../normalize/snapshot.ts';

export const observationStatuses = ['ok', 'held', 'failed'] as const;
export type ObservationStatus = (typeof observationStatuses)[number];

export const holdReasons = ['empty', 'shrink', 'manual'] as const;
export type HoldReason = (typeof holdReasons)[number];

/** One row of `scene_observation`: account `appId` answered this at `observedAt`. (appId, observedAt) is the key. */
export interface Observation {
  readonly appId: string;
  /** When the answer arrived. */
  readonly observedAt: Micros;
  readonly status: ObservationStatus;
  /** sha256 hex of the body; null exactly when `failed`. */
  readonly payloadHash: string | null;
  /** WeChat's errcode or our own code; null unless `failed`. */
  readonly errorCode: string | null;
  /** Redacted; null unless `failed`. */
  readonly errorMessage: string | null;
  /** Why it is held, or was held before it was accepted. */
  readonly holdReason: HoldReason | null;
  /** When it was accepted, or held by hand; null when nobody decided. */
  readonly decidedAt: Micros | null;
  /** Why somebody decided so, in their words; null when they did not say, or nobody decided. */
  readonly decisionNote: string | null;
  /** The run that recorded it; not part of what the log says. */
  readonly runId: string;
}

/** True for an answer held by hand: without its body, it says as little as with it. */
export function isGivenUp({ status, holdReason }: Observation): boolean {
  return status === 'held' && holdReason === 'manual';
}

/** A change of the decision of a stored observation, the only thing about it that may change. */
export interface Decision {
  readonly appId: string;
  readonly observedAt: Micros;
  readonly status: 'ok' | 'held';
  readonly holdReason: HoldReason | null;
  readonly decidedAt: Micros;
  /** Takes the place of the note of an earlier decision. */
  readonly decisionNote: string | null;
}

/** How an observation was judged that comes from the log of another target: no guard judges it again. */
export type RecordedDecision = Pick<
  Observation,
  'status' | 'holdReason' | 'decidedAt' | 'decisionNote' | 'errorCode' | 'errorMessage'
>;

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

/** One row of `scene_reject`: a row of an answer that was not used. */
export interface Reject extends RejectedRow {
  readonly appId: string;
  readonly observedAt: Micros;
}
