import { chunksOfStream } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { Hold } from '../../dimension/guards.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { AccountQuery, Loader } from '../../load/loader.ts';
import { shellWord } from '../../shell-word.ts';

/** How some or all accounts stand. The log is read of those alone whose newest answer is held. */
export async function* readStandings(
  loader: Loader,
  query: AccountQuery,
  signal: AbortSignal,
): AsyncGenerator<AccountStanding> {
  for await (const heads of chunksOfStream(loader.readHeads(query, signal), loader.limits.readAccounts)) {
    const waiting = await readWaiting(loader, heads.filter(isNewestHeld), signal);
    for (const head of heads) yield { head, waiting: waiting.get(head.appId) ?? null };
  }
}

export interface AccountStanding {
  readonly head: AccountHead;
  /** The held answer that waits for a decision; null when there is none. */
  readonly waiting: WaitingAnswer | null;
}

export interface WaitingAnswer {
  readonly observedAt: Micros;
  readonly reason: Hold['reason'];
  readonly payloadHash: string | null;
  /** False when a newer answer is held by hand: `accept` would take that one. */
  readonly isNewest: boolean;
}

/** The arguments with which `accept` takes this answer. */
export function acceptArguments(appId: string, { observedAt, isNewest }: WaitingAnswer): string {
  const time = isNewest ? '' : ` --observed-at ${formatInstant(observedAt)}`;
  return `accept --app-id ${shellWord(appId)}${time}`;
}

export const accountStates = ['ok', 'failed', 'held', 'removals_suspended'] as const;
/** How an account stands: `failed`, its newest attempt failed; `held`, an answer waits for a decision. */
export type AccountState = (typeof accountStates)[number];

/** The worst that is to say about an account. */
export function stateOf({ head, waiting }: AccountStanding): AccountState {
  if (waiting !== null) return 'held';
  if (head.lastErrorCode !== null) return 'failed';
  return head.removalsSuspendedSince === null ? 'ok' : 'removals_suspended';
}

function isNewestHeld({ lastOkAt, lastObservedAt }: AccountHead): boolean {
  return lastObservedAt !== null && (lastOkAt === null || lastOkAt < lastObservedAt);
}

/** Of each account the newest answer that a guard holds. One held by hand is decided already. */
async function readWaiting(
  loader: Loader,
  heads: readonly AccountHead[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, WaitingAnswer>> {
  const waiting = new Map<string, WaitingAnswer>();
  if (heads.length === 0) return waiting;
  const appIds = heads.map(({ appId }) => appId);
  for await (const observation of loader.readObservations({ appIds }, signal)) {
    const { appId, observedAt, status, holdReason, payloadHash } = observation;
    const earlier = waiting.get(appId);
    if (status === 'ok') waiting.delete(appId);
    else if (status === 'held' && holdReason !== 'manual') {
      waiting.set(appId, { observedAt, reason: holdReason ?? 'shrink', payloadHash, isNewest: true });
    } else if (status === 'held' && earlier !== undefined) waiting.set(appId, { ...earlier, isNewest: false });
  }
  return waiting;
}
