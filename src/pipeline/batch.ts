import type { IncomingObservation } from '../dimension/incoming-observation.ts';
import type { LoaderLimits, Payload } from '../load/loader.ts';

/** An account that alone is larger than this many times the limits is cut all the same, so that memory stays bounded. */
export const OVERSIZE_FACTOR = 4;

const DAY_MICROS = 86_400_000_000n;

/** Observations that are planned and written together, by account. */
export interface Batch {
  readonly accounts: ReadonlyMap<string, readonly IncomingObservation[]>;
  /** The bodies, each once. */
  readonly payloads: ReadonlyMap<string, Payload>;
}

export interface BatchBuilder {
  readonly size: number;
  add(appId: string, incoming: IncomingObservation, body: Uint8Array | null): void;
  /** True when the batch should be cut before an observation of this account. */
  isFullBefore(appId: string): boolean;
  /** The batch so far, accounts and observations sorted; the builder is empty afterwards. */
  take(): Batch;
}

/** `nowMs` is a clock that only goes forward; it measures how long a batch has waited. */
export function createBatchBuilder(limits: LoaderLimits, nowMs = () => performance.now()): BatchBuilder {
  let accounts = new Map<string, IncomingObservation[]>();
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

    add(appId, incoming, body) {
      const list = accounts.get(appId);
      if (list === undefined) accounts.set(appId, [incoming]);
      else list.push(incoming);
      observations += 1;
      startedMs ??= nowMs();
      lastAppId = appId;
      if (limits.batchDays !== null) days.add(incoming.observedAt / DAY_MICROS);
      const { payloadHash } = incoming;
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
