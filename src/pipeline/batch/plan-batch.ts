import type { AccountHead } from '../../dimension/account-head.ts';
import type { AccountPlanner, PlanFrom } from '../../dimension/account-planner.ts';
import { createAccountPlanner, planDuplicate } from '../../dimension/account-planner.ts';
import { choosePath } from '../../dimension/choose-path.ts';
import type { IncomingObservation } from '../../dimension/incoming-observation.ts';
import { readLog } from '../log/account-log.ts';
import type { Batch } from './batch.ts';
import { incomingOf, type PlanInputs, type PlannedAccount, planDirectly } from './plan-account.ts';
import { planChanged } from './plan-changed.ts';
import { readVersionsByAccount } from './versions-by-account.ts';

/**
 * Plans the accounts of a batch, each by the cheapest path that its head allows, until there are `limits.batchVersions` changes:
 * accounts that the result lacks are for the next call, when these are written. Reads heads for all, the open versions of
 * changed scenes, the log only for accounts with late or repeated observations: a fixed number of statements for each kind.
 */
export async function planBatch(inputs: PlanInputs, batch: Batch): Promise<PlannedAccount[]> {
  const heads = new Map<string, AccountHead>();
  const appIds = [...batch.accounts.keys()];
  for await (const head of inputs.loader.readHeads({ appIds }, inputs.signal)) heads.set(head.appId, head);

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
    if (head !== null && path === 'open_versions') changed.push(head);
    else if (head !== null && path === 'log') late.push(head);
    else if (head !== null && path === 'duplicate') add([{ plan: planDuplicate(head), storedHead: head }]);
    else {
      const from: PlanFrom = head === null ? { kind: 'start', head } : { kind: 'repeat', head };
      add([{ plan: planDirectly(inputs, appId, from, incomingOf(inputs, batch, appId)), storedHead: head }]);
    }
  }
  for await (const accounts of planChanged(inputs, batch, changed, late)) {
    add(accounts);
    if (changes >= batchVersions) return planned;
  }
  for (let start = 0; start < late.length && changes < batchVersions; start += readLogAccounts) {
    add(await planFromLog(inputs, batch, late.slice(start, start + readLogAccounts)));
  }
  return planned;
}

async function planFromLog(inputs: PlanInputs, batch: Batch, heads: readonly AccountHead[]): Promise<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  const query = { appIds: heads.map((head) => head.appId) };
  const versions = await readVersionsByAccount(loader, [query], signal);
  const weavers = new Map(
    heads.map((head) => {
      const planner = createAccountPlanner({ ...inputs, appId: head.appId, from: { kind: 'start', head } });
      return [head.appId, createWeaver(planner, incomingOf(inputs, batch, head.appId))] as const;
    }),
  );
  for await (const { observation, answer } of readLog(loader, [...weavers.keys()], answers, signal)) {
    const weaver = weavers.get(observation.appId);
    weaver?.before(observation.observedAt);
    weaver?.planner.stored(observation, answer);
  }
  return heads.map((head) => {
    const weaver = weavers.get(head.appId);
    if (weaver === undefined) throw new TypeError('every account has its weaver');
    weaver.rest();
    return { plan: weaver.planner.finish(versions.get(head.appId) ?? []), storedHead: head };
  });
}

/** Feeds new observations to a planner between the stored ones; one of the same time follows the stored one. */
function createWeaver(planner: AccountPlanner, incoming: readonly IncomingObservation[]) {
  let next = 0;
  function feedWhile(isDue: (observation: IncomingObservation) => boolean): void {
    for (
      let observation = incoming[next];
      observation !== undefined && isDue(observation);
      observation = incoming[next]
    ) {
      planner.incoming(observation);
      next += 1;
    }
  }
  return {
    planner,
    before: (observedAt: bigint) => feedWhile((observation) => observation.observedAt < observedAt),
    rest: () => feedWhile(() => true),
  };
}
