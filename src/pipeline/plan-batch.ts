import type { AccountHead } from '../dimension/account-head.ts';
import type { AccountPlan, AccountPlanner, PlanFrom } from '../dimension/account-planner.ts';
import { createAccountPlanner, planDuplicate } from '../dimension/account-planner.ts';
import { choosePath } from '../dimension/choose-path.ts';
import { isComplete } from '../dimension/compare-snapshots.ts';
import type { GuardSettings } from '../dimension/guards.ts';
import type { IncomingObservation } from '../dimension/incoming-observation.ts';
import { touchedKeys } from '../dimension/timeline.ts';
import type { FirstSeen, SceneRef, Version } from '../dimension/version.ts';
import type { Loader } from '../load/loader.ts';
import type { Snapshot } from '../normalize/snapshot.ts';
import { readAnswers, readLog } from './account-log.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { Batch } from './batch.ts';

/** What planning needs besides the batch. */
export interface PlanInputs {
  readonly loader: Loader;
  readonly answers: AnswerCache;
  readonly firstSeen: FirstSeen;
  readonly guards: GuardSettings;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** The plan of an account and the head that it starts from. */
export interface PlannedAccount {
  readonly plan: AccountPlan;
  readonly storedHead: AccountHead | null;
}

const SCENES_A_QUERY = 10_000;

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
  for (const [appId, incoming] of batch.accounts) {
    if (changes >= batchVersions) return planned;
    const head = heads.get(appId) ?? null;
    const path = choosePath(head, incoming);
    if (head !== null && path === 'open_versions') changed.push(head);
    else if (head !== null && path === 'log') late.push(head);
    else if (head !== null && path === 'duplicate') add([{ plan: planDuplicate(head), storedHead: head }]);
    else {
      const from: PlanFrom = head === null ? { kind: 'start', head } : { kind: 'repeat', head };
      add([{ plan: planDirectly(inputs, appId, from, incoming), storedHead: head }]);
    }
  }
  if (changes < batchVersions) add(await planChanged(inputs, batch, changed, late));
  for (let start = 0; start < late.length && changes < batchVersions; start += readLogAccounts) {
    add(await planFromLog(inputs, batch, late.slice(start, start + readLogAccounts)));
  }
  return planned;
}

function planDirectly(
  inputs: PlanInputs,
  appId: string,
  from: PlanFrom,
  incoming: readonly IncomingObservation[],
): AccountPlan {
  const planner = createAccountPlanner({ ...inputs, appId, from });
  for (const observation of incoming) planner.incoming(observation);
  return planner.finish([]);
}

/** Plans from the open versions; accounts whose newest ok answer left something unknown are pushed to `late` instead. */
async function planChanged(
  inputs: PlanInputs,
  batch: Batch,
  changed: readonly AccountHead[],
  late: AccountHead[],
): Promise<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  if (changed.length === 0) return [];
  const newest = await readAnswers(
    loader,
    changed.map((head) => head.lastPayloadHash),
    answers,
    signal,
  );
  const resumable: { head: AccountHead; snapshot: Snapshot; incoming: readonly IncomingObservation[] }[] = [];
  for (const head of changed) {
    const answer = newest.get(head.lastPayloadHash ?? '');
    const incoming = batch.accounts.get(head.appId) ?? [];
    if (answer?.kind === 'snapshot' && isComplete(answer)) resumable.push({ head, snapshot: answer, incoming });
    else late.push(head);
  }
  const touched = resumable.flatMap(({ head: { appId }, snapshot, incoming }) =>
    [...touchedKeys(snapshot, snapshotsOf(incoming))].map((sceneKey) => ({ appId, sceneKey })),
  );
  const open = await readOpenVersions(inputs, touched);
  return resumable.map(({ head, snapshot, incoming }) => {
    const point = { snapshot, openVersions: open.get(head.appId) ?? [] };
    return { plan: planDirectly(inputs, head.appId, { kind: 'resume', head, point }, incoming), storedHead: head };
  });
}

function snapshotsOf(incoming: readonly IncomingObservation[]): Snapshot[] {
  return incoming.flatMap(({ answer }) => (answer.kind === 'snapshot' ? [answer] : []));
}

async function planFromLog(inputs: PlanInputs, batch: Batch, heads: readonly AccountHead[]): Promise<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  const versions = await readAllVersions(inputs, heads);
  const weavers = new Map(
    heads.map((head) => {
      const planner = createAccountPlanner({ ...inputs, appId: head.appId, from: { kind: 'start', head } });
      return [head.appId, createWeaver(planner, batch.accounts.get(head.appId) ?? [])] as const;
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

/** The open versions of some scenes, by account. */
async function readOpenVersions(
  { loader, signal }: PlanInputs,
  scenes: readonly SceneRef[],
): Promise<Map<string, Version[]>> {
  const byAccount = new Map<string, Version[]>();
  for (let start = 0; start < scenes.length; start += SCENES_A_QUERY) {
    const query = { scenes: scenes.slice(start, start + SCENES_A_QUERY), openOnly: true };
    for await (const version of loader.readVersions(query, signal)) addTo(byAccount, version);
  }
  return byAccount;
}

async function readAllVersions(
  { loader, signal }: PlanInputs,
  heads: readonly AccountHead[],
): Promise<Map<string, Version[]>> {
  const byAccount = new Map<string, Version[]>();
  const query = { appIds: heads.map((head) => head.appId) };
  for await (const version of loader.readVersions(query, signal)) addTo(byAccount, version);
  return byAccount;
}

function addTo(byAccount: Map<string, Version[]>, version: Version): void {
  const list = byAccount.get(version.appId);
  if (list === undefined) byAccount.set(version.appId, [version]);
  else list.push(version);
}
