import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import type { AccountChanges } from '../account-rows.ts';
import { assertHeadIsCurrent, changeAccountRows, groupByAccount } from '../account-rows.ts';
import type { AccountQuery, ChangeSet, Loader } from '../loader.ts';

/** Accounts that are looked at together: their versions are in memory meanwhile. */
const ACCOUNTS_AT_ONCE = 250;

/**
 * The changes of a change set by account, after it is certain that a target with the rows of `loader`
 * would take all of them. Reads only what it must: an observation newer than all others is no duplicate,
 * and of a new account it is only asked whether there are rows. Throws what `apply` of a loader throws.
 */
export async function assertApplicable(
  loader: Loader,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<AccountChanges[]> {
  const accounts = groupByAccount(changeSet);
  const withoutHead = await findRowsWithoutHead(loader, accounts, signal);
  for (const chunk of chunksOf(accounts, ACCOUNTS_AT_ONCE)) {
    await assertAccountsApplicable(loader, chunk, withoutHead, signal);
  }
  return accounts;
}

/** Those of the new accounts that have rows all the same: their row of `scene_account` was lost. */
async function findRowsWithoutHead(
  loader: Loader,
  accounts: readonly AccountChanges[],
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const created = accounts.filter(({ head }) => head !== null && head.before === null);
  for (const chunk of chunksOf(created, loader.limits.readAccounts)) {
    for await (const { appId } of loader.readVersions(queryOf(chunk), signal)) found.add(appId);
    for await (const { appId } of loader.readObservations(queryOf(chunk), signal)) found.add(appId);
  }
  return found;
}

async function assertAccountsApplicable(
  loader: Loader,
  accounts: readonly AccountChanges[],
  withoutHead: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const storedHeads = loader.readHeads(queryOf(accounts), signal);
  const heads = new Map(await Array.fromAsync(storedHeads, (head) => [head.appId, head] as const));
  for (const changes of accounts) assertHeadIsCurrent(changes, heads.get(changes.appId) ?? null);

  const late = accounts.filter((changes) => {
    return withoutHead.has(changes.appId) || mayMeetStored(changes, heads.get(changes.appId));
  });
  const observations = await byAccount(late, (query) => loader.readObservations(query, signal));
  const known = accounts.filter(({ appId, versions }) => {
    return versions.length > 0 && (heads.has(appId) || withoutHead.has(appId));
  });
  const versions = await byAccount(known, (query) => loader.readVersions(query, signal));

  for (const changes of accounts) {
    const stored = {
      head: heads.get(changes.appId) ?? null,
      observations: new Map((observations.get(changes.appId) ?? []).map((row) => [row.observedAt, row])),
      versions: new Map((versions.get(changes.appId) ?? []).map((row) => [row.versionId, row])),
    };
    changeAccountRows(stored, changes);
  }
}

/** True when a change of the log is about a stored observation, or may be about the instant of one. */
function mayMeetStored(changes: AccountChanges, head: AccountHead | undefined): boolean {
  const { observations, decisions, removedObservations } = changes;
  if (decisions.length > 0 || removedObservations.length > 0) return true;
  return head !== undefined && observations.some(({ observedAt }) => observedAt <= head.lastAttemptAt);
}

function queryOf(accounts: readonly AccountChanges[]): AccountQuery {
  return { appIds: accounts.map(({ appId }) => appId) };
}

async function byAccount<Row extends { readonly appId: string }>(
  accounts: readonly AccountChanges[],
  read: (query: AccountQuery) => AsyncIterable<Row>,
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const rows = accounts.length === 0 ? [] : await Array.fromAsync(read(queryOf(accounts)));
  return Map.groupBy(rows, ({ appId }) => appId);
}
