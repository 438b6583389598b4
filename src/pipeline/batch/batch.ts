import type { IncomingObservation } from '../../dimension/observation.ts';
import { MICROS_PER_DAY } from '../../instant.ts';
import type { Payload } from '../../load/loader.ts';
import type { LoaderLimits } from '../../load/loader-limits.ts';
import type { AnswerFailure, NormalizedAnswer } from '../../normalize/snapshot.ts';

/**
 * One account may exceed the limits this many times before it is cut, too; so memory stays bounded.
 */
export const OVERSIZE_FACTOR = 4;

/** Observations that are planned and written together. */
export interface Batch {
  /** By account, in order of time; none of an account whose failure may not be recorded. */
  readonly accounts: ReadonlyMap<string, readonly PendingObservation[]>;
  /** The accounts whose fetch gave no list; a replayed failure is none. */
  readonly failures: ReadonlyMap<string, FetchOutcome>;
  /** The bodies, each once. */
  readonly payloads: ReadonlyMap<string, Payload>;
}

/**
 * What became of an account that a run looked at. Each has one: what went wrong comes before what
 * changed.
 */
export type AccountOutcome = FetchOutcome | 'held' | 'changed' | 'unchanged';

/** `skipped`: WeChat says that the account has no list to give. */
export type FetchOutcome = 'failed' | 'skipped';

/**
 * An observation that waits to be planned. A batch holds its body and not its snapshot, which is
 * several times as large; the snapshot is found by the body's hash, or made again.
 */
export interface PendingObservation extends Omit<IncomingObservation, 'answer'> {
  /** What it says, when that is no snapshot. */
  readonly failure: AnswerFailure | null;
}

/** The observations of an account that are no failures. */
export function answersOf({ accounts }: Batch, appId: string): readonly PendingObservation[] {
  const pending = accounts.get(appId) ?? [];
  return pending.filter(({ failure, recorded }) => failure === null && recorded?.status !== 'failed');
}

/** What an answer says when it is no snapshot, without secrets; null for a snapshot. */
export function failureOf(
  answer: NormalizedAnswer,
  { redact }: { readonly redact: (text: string) => string },
): AnswerFailure | null {
  return answer.kind === 'failure' ? { ...answer, message: redact(answer.message) } : null;
}

/** Collects observations until a batch is full. */
export class BatchBuilder {
  readonly #limits: LoaderLimits;
  readonly #nowMs: () => number;
  #collected = nothingCollected();

  /** `nowMs` is a clock that only goes forward; it measures how long a batch has waited. */
  constructor(limits: LoaderLimits, nowMs = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  get isEmpty(): boolean {
    return this.#collected.accounts.size === 0;
  }

  add(appId: string, pending: PendingObservation, body: Uint8Array | null): void {
    const collected = this.#collected;
    this.#note(appId, pending);
    collected.observations += 1;
    if (this.#limits.batchDays !== null) collected.days.add(pending.observedAt / MICROS_PER_DAY);
    const { payloadHash } = pending;
    if (body === null || payloadHash === null || collected.payloads.has(payloadHash)) return;
    collected.payloads.set(payloadHash, { payloadHash, body });
    collected.bodyBytes += body.byteLength;
  }

  /**
   * Notes that the fetch of an account gave no list; beside it there may be an observation to
   * record.
   */
  addFailure(appId: string, outcome: FetchOutcome): void {
    this.#note(appId);
    this.#collected.failures.set(appId, outcome);
  }

  /** True when the batch should be cut before an observation of this account. */
  isFullBefore(appId: string): boolean {
    const { accounts, observations, bodyBytes, days, lastAppId, startedMs } = this.#collected;
    const { batchAccounts, batchObservations, batchBodyBytes, batchAgeMs, batchDays } = this.#limits;
    const isSameAccount = appId === lastAppId;
    const factor = isSameAccount ? OVERSIZE_FACTOR : 1;
    const isOld = batchAgeMs !== null && startedMs !== null && this.#nowMs() - startedMs >= batchAgeMs;
    return (
      (!isSameAccount && (isOld || accounts.size >= batchAccounts)) ||
      (batchDays !== null && days.size >= batchDays) ||
      observations >= batchObservations * factor ||
      bodyBytes >= batchBodyBytes * factor
    );
  }

  /** The batch so far, the observations of each account sorted; the builder is empty afterwards. */
  take(): Batch {
    const { accounts, failures, payloads } = this.#collected;
    for (const list of accounts.values()) list.sort((a, b) => Number(a.observedAt - b.observedAt));
    this.#collected = nothingCollected();
    return { accounts, failures, payloads };
  }

  /**
   * Most accounts have one observation: an array made with it takes an eighth of the memory of one
   * that it is pushed to.
   */
  #note(appId: string, ...pending: PendingObservation[]): void {
    const collected = this.#collected;
    collected.startedMs ??= this.#nowMs();
    collected.lastAppId = appId;
    const list = collected.accounts.get(appId);
    if (list === undefined) collected.accounts.set(appId, pending);
    else list.push(...pending);
  }
}

function nothingCollected() {
  return {
    accounts: new Map<string, PendingObservation[]>(),
    failures: new Map<string, FetchOutcome>(),
    payloads: new Map<string, Payload>(),
    observations: 0,
    bodyBytes: 0,
    days: new Set<bigint>(),
    lastAppId: null as string | null,
    startedMs: null as number | null,
  };
}
