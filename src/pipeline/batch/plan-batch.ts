import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { planDuplicates } from '../../dimension/account-planner.ts';
import { choosePath } from '../../dimension/choose-path.ts';
import { sumCounts } from '../../dimension/version-changes.ts';
import { ScenedimError } from '../../errors.ts';
import type { Batch } from './batch.ts';
import { findStored } from './find-stored.ts';
import {
  type PlanInputs,
  type PlannedAccount,
  planAccount,
  plannedAccount,
  unplannableAccount,
} from './plan-account.ts';
import { planChanged } from './plan-changed.ts';
import { planFromLog } from './plan-from-log.ts';

/**
 * Plans the accounts of a batch, each by the cheapest path that its head allows, until there are
 * `limits.batchVersions` changes. Accounts that the result lacks are for the next call, when these
 * are written. Reads the heads of all accounts, the open versions of changed scenes, and the log
 * only of accounts with late or repeated observations. `isRefused` says that the target has refused
 * a plan: then the heads are not trusted, and what is stored is read.
 */
export async function planBatch(inputs: PlanInputs, batch: Batch, isRefused = false): Promise<PlannedAccount[]> {
  const found = inputs.loader.readHeads({ appIds: [...batch.accounts.keys()] }, inputs.signal);
  const heads = new Map(await Array.fromAsync(found, (head) => [head.appId, head] as const));
  const { readLogAccounts, batchVersions } = inputs.loader.limits;
  const planned: PlannedAccount[] = [];
  let changes = 0;
  const add = (accounts: readonly PlannedAccount[]): void => {
    for (const account of accounts) {
      planned.push(account);
      changes += sumCounts(account.plan.versions.counts);
    }
  };
  const changed: AccountHead[] = [];
  const late: AccountHead[] = [];
  const perhapsStored: AccountHead[] = [];
  const headless = [...batch.accounts.keys()].filter((appId) => !heads.has(appId));
  const damaged = isRefused ? await findRows(inputs, headless) : new Set<string>();
  for (const [appId, pending] of batch.accounts) {
    if (changes >= batchVersions) return planned;
    const head = heads.get(appId) ?? null;
    const path = isRefused ? 'log' : choosePath(head, pending);
    if (damaged.has(appId)) add([withoutHead(appId)]);
    else if (head === null) add([planAccount(inputs, batch, appId, { kind: 'start', head })]);
    else if (path === 'open_versions') changed.push(head);
    else if (path === 'log') late.push(head);
    else if (path === 'perhaps_stored') perhapsStored.push(head);
    else add([planAccount(inputs, batch, appId, { kind: 'repeat', head })]);
  }
  const stored = await findStored(inputs, batch, perhapsStored);
  for (const head of perhapsStored) {
    const duplicates = stored.get(head.appId);
    if (duplicates === undefined) late.push(head);
    else add([plannedAccount(batch, planDuplicates(head, duplicates), head)]);
  }
  for await (const accounts of planChanged(inputs, batch, changed, late)) {
    add(accounts);
    if (changes >= batchVersions) return planned;
  }
  for (const chunk of chunksOf(late, readLogAccounts)) {
    if (changes >= batchVersions) return planned;
    add(await planFromLog(inputs, batch, chunk));
  }
  return planned;
}

/** Those of the accounts without a head that have other rows. */
async function findRows({ loader, signal }: PlanInputs, appIds: readonly string[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (appIds.length === 0) return found;
  for await (const { appId } of loader.readVersions({ appIds }, signal)) found.add(appId);
  for await (const { appId } of loader.readObservations({ appIds }, signal)) found.add(appId);
  return found;
}

function withoutHead(appId: string): PlannedAccount {
  const damage = new ScenedimError('data_refused', `account ${appId}: its row in scene_account is missing`, {
    remedy: 'scenedim rebuild computes the row from the log',
  });
  return unplannableAccount(appId, null, damage);
}
