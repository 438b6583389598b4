import type { AccountHead } from '../../dimension/account-head.ts';
import type { Observation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import type { AccountChanges } from '../account-rows.ts';
import { assertHeadIsCurrent, changeAccountRows, groupByAccount } from '../account-rows.ts';
import type { ChangeSet, Loader } from '../loader.ts';

/** Accounts that are looked at together: their versions are in memory meanwhile. */
const ACCOUNTS_AT_ONCE = 250;

/**
 * The changes of a change set by account, after it is certain that a target with the rows of `loader` would take all of
 * them. Reads only what it must: a new account has no other rows, and an observation newer than all others is no duplicate.
 * Throws what `apply` of a loader throws.
 */
export async function assertApplicable(
  loader: Loader,
  changeSet: ChangeSet,
  signal: AbortSignal,
): Promise<AccountChanges[]> {
  const accounts = groupByAccount(changeSet);
  for (let start = 0; start < accounts.length; start += ACCOUNTS_AT_ONCE) {
    await assertAccountsApplicable(loader, accounts.slice(start, start + ACCOUNTS_AT_ONCE), signal);
  }
  return accounts;
}

async function assertAccountsApplicable(
  loader: Loader,
  accounts: readonly AccountChanges[],
  signal: AbortSignal,
): Promise<void> {
  const heads = new Map<string, AccountHead>();
  for await (const head of loader.readHeads(queryOf(accounts), signal)) heads.set(head.appId, head);
  for (const changes of accounts) assertHeadIsCurrent(changes, heads.get(changes.appId) ?? null);

  const late = accounts.filter((changes) => mayMeetStored(changes, heads.get(changes.appId)));
  const observations = new Map<string, Observation[]>();
  if (late.length > 0) {
    for await (const row of loader.readObservations(queryOf(late), signal)) addTo(observations, row);
  }
  const known = accounts.filter(({ appId, versions }) => versions.length > 0 && heads.has(appId));
  const versions = new Map<string, Version[]>();
  if (known.length > 0) {
    for await (const row of loader.readVersions(queryOf(known), signal)) addTo(versions, row);
  }

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
function mayMeetStored({ observations, decisions }: AccountChanges, head: AccountHead | undefined): boolean {
  if (decisions.length > 0) return true;
  return head !== undefined && observations.some(({ observedAt }) => observedAt <= head.lastAttemptAt);
}

function queryOf(accounts: readonly AccountChanges[]): { readonly appIds: readonly string[] } {
  return { appIds: accounts.map(({ appId }) => appId) };
}

function addTo<Row extends { readonly appId: string }>(rows: Map<string, Row[]>, row: Row): void {
  const list = rows.get(row.appId);
  if (list === undefined) rows.set(row.appId, [row]);
  else list.push(row);
}
