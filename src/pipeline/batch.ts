import type { IncomingObservation } from '../dimension/incoming-observation.ts';
import type { Payload } from '../load/loader.ts';

/** When a batch is full (DESIGN 3.5). */
export const batchLimits = {
  accounts: 1_000,
  observations: 10_000,
  bodyBytes: 32 * 1024 * 1024,
  /** An account that alone is larger than this many times the limits is cut all the same, so that memory stays bounded. */
  accountFactor: 4,
} as const;

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

export function createBatchBuilder(): BatchBuilder {
  let accounts = new Map<string, IncomingObservation[]>();
  let payloads = new Map<string, Payload>();
  let observations = 0;
  let bodyBytes = 0;
  let lastAppId: string | null = null;

  return {
    get size() {
      return observations;
    },

    add(appId, incoming, body) {
      const list = accounts.get(appId);
      if (list === undefined) accounts.set(appId, [incoming]);
      else list.push(incoming);
      observations += 1;
      lastAppId = appId;
      const { payloadHash } = incoming;
      if (body === null || payloadHash === null || payloads.has(payloadHash)) return;
      payloads.set(payloadHash, { payloadHash, body });
      bodyBytes += body.byteLength;
    },

    isFullBefore(appId) {
      const isSameAccount = appId === lastAppId;
      const factor = isSameAccount ? batchLimits.accountFactor : 1;
      return (
        (!isSameAccount && accounts.size >= batchLimits.accounts) ||
        observations >= batchLimits.observations * factor ||
        bodyBytes >= batchLimits.bodyBytes * factor
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
      return batch;
    },
  };
}

function compareBigints(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
