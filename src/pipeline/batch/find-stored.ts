import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Micros } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';
import { hashPayload } from '../log/hash-payload.ts';
import type { Batch, PendingObservation } from './batch.ts';
import type { PlanInputs } from './plan-account.ts';

/**
 * The accounts all of whose new observations are stored already, with their number. A file that is
 * replayed again is then not planned from the log. An observation with a recorded decision comes
 * from a copy of the log, which may bring back a lost body: so its body must be stored, too.
 */
export async function findStored(
  { loader, signal }: PlanInputs,
  { accounts }: Batch,
  heads: readonly AccountHead[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const pending = new Map(heads.map(({ appId }) => [appId, accounts.get(appId) ?? []] as const));
  const stored = await readStored(loader, pending, signal);
  const copied = new Set<string>();
  for (const [appId, observations] of pending) {
    if (!observations.every((observation) => isSame(stored.get(keyOf(appId, observation.observedAt)), observation)))
      continue;
    found.set(appId, observations.length);
    for (const { recorded, payloadHash } of observations) {
      if (recorded !== null && payloadHash !== null) copied.add(payloadHash);
    }
  }
  const bodies = await findBodies(loader, [...copied], signal);
  const isLost = ({ payloadHash }: PendingObservation) =>
    payloadHash !== null && copied.has(payloadHash) && !bodies.has(payloadHash);
  for (const appId of found.keys()) if (pending.get(appId)?.some(isLost) === true) found.delete(appId);
  return found;
}

/** The stored observations of the times that are given. */
async function readStored(
  loader: Loader,
  pending: ReadonlyMap<string, readonly PendingObservation[]>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Observation>> {
  const stored = new Map<string, Observation>();
  const asked = new Set<string>();
  let since: Micros | undefined;
  for (const [appId, observations] of pending) {
    for (const { observedAt } of observations) {
      asked.add(keyOf(appId, observedAt));
      if (since === undefined || observedAt < since) since = observedAt;
    }
  }
  if (since === undefined) return stored;
  for await (const observation of loader.readObservations({ appIds: [...pending.keys()], since }, signal)) {
    const key = keyOf(observation.appId, observation.observedAt);
    if (asked.has(key)) stored.set(key, observation);
  }
  return stored;
}

/** The hashes whose bodies are stored and undamaged. */
async function findBodies(
  loader: Loader,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const chunk of chunksOf(hashes, loader.limits.readPayloads)) {
    const bodies = await loader.readPayloads(chunk, signal);
    for (const [hash, body] of bodies) if (hashPayload(body) === hash) found.add(hash);
  }
  return found;
}

/**
 * A failure is compared by its code, an answer by its body. Two bodies with one meaning count as
 * different here.
 */
function isSame(stored: Observation | undefined, { failure, payloadHash, recorded }: PendingObservation): boolean {
  if (stored === undefined) return false;
  if (recorded?.status === 'failed' || (failure !== null && recorded === null)) {
    return stored.status === 'failed' && stored.errorCode === (recorded?.errorCode ?? failure?.code ?? 'unknown');
  }
  return failure === null && stored.payloadHash !== null && stored.payloadHash === payloadHash;
}

function keyOf(appId: string, observedAt: Micros): string {
  return `${observedAt} ${appId}`;
}
