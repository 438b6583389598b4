/** Bumped whenever the same body may normalize differently; stored in `scene_meta`, a change asks for `rebuild`. */
export const NORMALIZER_VERSION = 1;

export const rejectReasons = ['not_an_object', 'no_key', 'no_name', 'conflict'] as const;
/** Why a row of an answer was not used. `not_an_object` and `no_key` rows could be about any key. */
export type RejectReason = (typeof rejectReasons)[number];

/** A row of an answer that was not used. */
export interface RejectedRow {
  /** Position in the answer's `scene` array, from 0. */
  readonly index: number;
  readonly reason: RejectReason;
  /** The row as compact JSON, number literals as they were written. */
  readonly raw: string;
}

/** What one good answer says: for each key that it is present with a name, absent, or unknown. */
export interface Snapshot {
  readonly kind: 'snapshot';
  /** Canonical name by canonical key. */
  readonly present: ReadonlyMap<string, string>;
  /** Keys in conflict or without a name: nothing is known about them at this observation. */
  readonly unknown: ReadonlySet<string>;
  /** True when a row had no key: it could be any, so no key counts as absent. */
  readonly absencesUnknown: boolean;
  readonly rejects: readonly RejectedRow[];
}

/** An answer that says nothing about scenes. */
export interface AnswerFailure {
  readonly kind: 'failure';
  /** WeChat's `errcode` as text (`-1`, `40001`), or `malformed_response` or `invalid_json`. */
  readonly code: string;
  /** WeChat's `errmsg`, or what is wrong with the body; not yet redacted; at most 1,000 characters. */
  readonly message: string;
}

export type NormalizedAnswer = Snapshot | AnswerFailure;
