import type { Micros } from '../instant.ts';
import type { RetryReason } from './retry-policy.ts';
import type { FetchFailure } from './scene-source.ts';

/** What a failed call says about itself; the account is added by whoever made the call. Texts are not redacted yet. */
export type CallFailure = Omit<FetchFailure, 'kind' | 'appId'>;

/** A usable answer: JSON whose `errcode` is absent or 0. */
export interface CallAnswer {
  readonly kind: 'answer';
  readonly body: Uint8Array;
  readonly value: unknown;
  readonly receivedAt: Micros;
}

/** Why a call gave nothing. */
export interface CallRefused {
  readonly kind: 'failure';
  readonly failure: CallFailure;
}

export type AttemptOutcome = CallAnswer | AttemptFailure;

export interface AttemptFailure {
  readonly kind: 'failure';
  readonly failure: CallFailure;
  /** Why another attempt may help; null when it would not. */
  readonly retry: RetryReason | null;
  /** True when the next attempt should go to another host (connect, DNS, 5xx). */
  readonly failOver: boolean;
  /** True when a kept-alive connection had been closed before it was used again. */
  readonly staleSocket: boolean;
}

const ordinary = {
  errorClass: 'unknown',
  remedy: null,
  accountOnly: true,
  credentialsRefused: false,
  unreachable: false,
  doNotRecord: false,
} as const satisfies Partial<CallFailure>;

/** A failure with everything that is not said left at its ordinary value. */
export function callFailure(
  failure: Pick<CallFailure, 'code' | 'message' | 'observedAt'> & Partial<CallFailure>,
): CallFailure {
  return { ...ordinary, ...failure };
}

/** A failed attempt; nothing said about a next one means that there is none. */
export function attemptFailure(
  failure: CallFailure,
  next: Partial<Omit<AttemptFailure, 'kind' | 'failure'>> = {},
): AttemptFailure {
  return { kind: 'failure', failure, retry: null, failOver: false, staleSocket: false, ...next };
}

/** An account, or what it waits for, took longer than it may. */
export function outOfTime(limitMs: number, observedAt: Micros): CallFailure {
  return callFailure({
    code: 'timeout',
    errorClass: 'transient',
    message: `no usable answer within ${limitMs} ms, repetitions included`,
    remedy: 'check the network between here and source.baseUrl, then run again',
    unreachable: true,
    observedAt,
  });
}
