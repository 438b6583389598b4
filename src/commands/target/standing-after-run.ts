import type { Config } from '../../config/load-config.ts';
import { messageOf } from '../../error-text.ts';
import { withTimeLimit } from '../../extract/time-limit.ts';
import type { Micros } from '../../instant.ts';
import { isInShard, type Shard } from '../../pipeline/fetch/shard.ts';
import type { RunContext } from '../../pipeline/run/run-context.ts';
import type { TargetStanding } from '../../telemetry/run-watcher.ts';
import type { Session } from '../session/session.ts';
import { accountStates, readStandings, stateOf } from './account-standing.ts';
import { answeredAt } from './find-stale.ts';
import { readListedAccounts } from './listed-accounts.ts';

/** A run is not kept longer than this from its end. */
const TIME_LIMIT_MS = 60_000;

/** Those of a stored account, and of one that is listed and has no row yet. */
export const standingStates = [...accountStates, 'never_asked'] as const;

/**
 * How the accounts stand after a run. Null when the run is stopped, and when it cannot be read within a minute, which is a
 * warning.
 */
export async function standingAfterRun(
  session: Session,
  config: Config,
  context: RunContext,
  shard: Shard | null,
): Promise<TargetStanding | null> {
  const { logger, redactor, signal } = session;
  if (signal.aborted) return null;
  try {
    const read = (limited: AbortSignal) => readStanding(session, config, { ...context, signal: limited }, shard);
    return await withTimeLimit(signal, TIME_LIMIT_MS, read);
  } catch (error) {
    const why = { error: redactor.redact(messageOf(error)) };
    if (!signal.aborted) logger.warn(why, 'how fresh the accounts are could not be read for the metrics');
    return null;
  }
}

/**
 * Counts the accounts that the config lists, of a shard alone, by state; without a list that can be read, those in the target.
 * Reads the heads once, and the log of those alone whose newest answer is held.
 */
async function readStanding(
  session: Session,
  config: Config,
  { loader, signal }: RunContext,
  shard: Shard | null,
): Promise<TargetStanding> {
  const isOurs = (appId: string) => isInShard(appId, shard);
  const listed = await readListedAccounts({ ...session, signal }, config, loader, isOurs);
  const accounts = Object.fromEntries(standingStates.map((state) => [state, 0])) as Record<string, number>;
  let oldestAnswerAt: Micros | null = null;
  for await (const standing of readStandings(loader, {}, signal)) {
    const { head } = standing;
    if (!(listed?.delete(head.appId) ?? isOurs(head.appId))) continue;
    const state = stateOf(standing);
    accounts[state] = (accounts[state] ?? 0) + 1;
    const at = answeredAt(head);
    if (at !== null && (oldestAnswerAt === null || at < oldestAnswerAt)) oldestAnswerAt = at;
  }
  return { accounts: { ...accounts, never_asked: listed?.size ?? 0 }, oldestAnswerAt };
}
