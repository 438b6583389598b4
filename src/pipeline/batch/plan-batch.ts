import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { type AccountPlan, AccountPlanner, planDuplicate } from '../../dimension/account-planner.ts';
import { choosePath } from '../../dimension/choose-path.ts';
import type { IncomingObservation } from '../../dimension/observation.ts';
import type { Version } from '../../dimension/version.ts';
import type { Micros } from '../../instant.ts';
import { type LogEntry, readLog } from '../log/account-log.ts';
import type { Batch } from './batch.ts';
import { incomingOf, type PlanInputs, type PlannedAccount, planAccount, plannedAccount } from './plan-account.ts';
import { planChanged } from './plan-changed.ts';
import { readVersionsByAccount } from './versions-by-account.ts';

/**
 * Plans the accounts of a batch, each by the cheapest path that its head allows, until there are
 * `limits.batchVersions` changes. Accounts that the result lacks are for the next call, when these are
 * written. Reads the heads of all accounts, the open versions of changed scenes, and the log only of
 * accounts with late or repeated observations.
 */
export async function planBatch(inputs: PlanInputs, batch: Batch): Promise<PlannedAccount[]> {
  const stored = inputs.loader.readHeads({ appIds: [...batch.accounts.keys()] }, inputs.signal);
  const heads = new Map(await Array.fromAsync(stored, (head) => [head.appId, head] as const));
  const { readLogAccounts, batchVersions } = inputs.loader.limits;
  const planned: PlannedAccount[] = [];
  let changes = 0;
  const add = (accounts: readonly PlannedAccount[]): void => {
    for (const account of accounts) {
      planned.push(account);
      changes += account.plan.versions.length;
    }
  };
  const changed: AccountHead[] = [];
  const late: AccountHead[] = [];
  for (const [appId, pending] of batch.accounts) {
    if (changes >= batchVersions) return planned;
    const head = heads.get(appId) ?? null;
    const path = choosePath(head, pending);
    if (head === null) add([planAccount(inputs, batch, appId, { kind: 'start', head })]);
    else if (path === 'open_versions') changed.push(head);
    else if (path === 'log') late.push(head);
    else if (path === 'duplicate') add([plannedAccount(batch, planDuplicate(head), head)]);
    else add([planAccount(inputs, batch, appId, { kind: 'repeat', head })]);
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

async function planFromLog(inputs: PlanInputs, batch: Batch, heads: readonly AccountHead[]): Promise<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  const query = { appIds: heads.map((head) => head.appId) };
  const versions = await readVersionsByAccount(loader, [query], signal);
  const merges = new Map(
    heads.map((head) => {
      const planner = new AccountPlanner({ ...inputs, appId: head.appId, from: { kind: 'start', head } });
      return [head.appId, new LogMerge(planner, incomingOf(inputs, batch, head.appId))] as const;
    }),
  );
  for await (const entry of readLog(loader, query.appIds, answers, signal)) {
    merges.get(entry.observation.appId)?.stored(entry);
  }
  return heads.flatMap((head) => {
    const plan = merges.get(head.appId)?.finish(versions.get(head.appId) ?? []);
    return plan === undefined ? [] : [plannedAccount(batch, plan, head)];
  });
}

/** Feeds new observations to a planner between the stored ones; one of the same time follows the stored one. */
class LogMerge {
  readonly #planner: AccountPlanner;
  readonly #incoming: readonly IncomingObservation[];
  #next = 0;

  constructor(planner: AccountPlanner, incoming: readonly IncomingObservation[]) {
    this.#planner = planner;
    this.#incoming = incoming;
  }

  stored({ observation, answer }: LogEntry): void {
    this.#feedBefore(observation.observedAt);
    this.#planner.stored(observation, answer);
  }

  finish(storedVersions: readonly Version[]): AccountPlan {
    this.#feedBefore(null);
    return this.#planner.finish(storedVersions);
  }

  /** Null: all that are left. */
  #feedBefore(observedAt: Micros | null): void {
    for (; ; this.#next += 1) {
      const observation = this.#incoming[this.#next];
      if (observation === undefined || (observedAt !== null && observation.observedAt >= observedAt)) return;
      this.#planner.incoming(observation);
    }
  }
}
