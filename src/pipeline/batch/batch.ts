import type { IncomingObservation } from '../../dimension/incoming-observation.ts';
import type { LoaderLimits, Payload } from '../../load/loader.ts';
import type { AnswerFailure, NormalizedAnswer } from '../../normalize/snapshot.ts';

/** An account that alone is larger than this many times the limits is cut all the same, so that memory stays bounded. */
export const OVERSIZE_FACTOR = 4;

const DAY_MICROS = 86_400_000_000n;

/**
 * An observation that waits to be planned. What its body says is found by its hash then, or read again, so that a batch holds
 * bodies and no snapshots, which are several times as large.
 */
export interface PendingObservation extends Omit<IncomingObservation, 'answer'> {
  /** What it says, when that is no snapshot. */
  readonly failure: AnswerFailure | null;
}

/** What an answer says when it is no snapshot, without secrets; null for a snapshot. */
export function failureOf(
  answer: NormalizedAnswer,
  { redact }: { readonly redact: (text: string) => string },
): AnswerFailure | null {
  return answer.kind === 'failure' ? { ...answer, message: redact(answer.message) } : null;
}

/** Observations that are planned and written together, by account. */
export interface Batch {
  readonly accounts: ReadonlyMap<string, readonly PendingObservation[]>;
  /** The bodies, each once. */
  readonly payloads: ReadonlyMap<string, Payload>;
}

export interface BatchBuilder {
  readonly size: number;
  add(appId: string, pending: PendingObservation, body: Uint8Array | null): void;
  /** True when the batch should be cut before an observation of this account. */
  isFullBefore(appId: string): boolean;
  /** The batch so far, accounts and observations sorted; the builder is empty afterwards. */
  take(): Batch;
}

/** `nowMs` is a clock that only goes forward; it measures how long a batch has waited. */
export function createBatchBuilder(limits: LoaderLimits, nowMs = () => performance.now()): BatchBuilder {
  let accounts = new Map<string, PendingObservation[]>();
  let payloads = new Map<string, Payload>();
  let observations = 0;
  let bodyBytes = 0;
  let lastAppId: string | null = null;
  let startedMs: number | null = null;
  let days = new Set<bigint>();

  return {
    get size() {
      return observations;
    },

    add(appId, pending, body) {
      const list = accounts.get(appId);
      if (list === undefined) accounts.set(appId, [pending]);
      else list.push(pending);
      observations += 1;
      startedMs ??= nowMs();
      lastAppId = appId;
      if (limits.batchDays !== null) days.add(pending.observedAt / DAY_MICROS);
      const { payloadHash } = pending;
      if (body === null || payloadHash === null || payloads.has(payloadHash)) return;
      payloads.set(payloadHash, { payloadHash, body });
      bodyBytes += body.byteLength;
    },

    isFullBefore(appId) {
      const isSameAccount = appId === lastAppId;
      const factor = isSameAccount ? OVERSIZE_FACTOR : 1;
      const isOld = limits.batchAgeMs !== null && startedMs !== null && nowMs() - startedMs >= limits.batchAgeMs;
      return (
        (!isSameAccount && (isOld || accounts.size >= limits.batchAccounts)) ||
        (limits.batchDays !== null && days.size >= limits.batchDays) ||
        observations >= limits.batchObservations * factor ||
        bodyBytes >= limits.batchBodyBytes * factor
      );
    },

    take() {
      for (const list of accounts.values()) list.sort((a, b) => compareBigints(a.observedAt, b.observedAt));
      const batch = { accounts, payloads };
      accounts = new Map();
      payloads = new Map();
      observations = 0;
      bodyBytes = 0;
      lastAppId = null;
      startedMs = null;
      days = new Set();
      return batch;
    },
  };
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
