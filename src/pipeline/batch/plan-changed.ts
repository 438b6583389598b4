import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isComplete } from '../../dimension/compare-snapshots.ts';
import type { IncomingObservation } from '../../dimension/observation.ts';
import { touchedKeys } from '../../dimension/timeline.ts';
import type { SceneRef } from '../../dimension/version.ts';
import type { VersionQuery } from '../../load/loader.ts';
import type { Snapshot } from '../../normalize/snapshot.ts';
import { readAnswers } from '../log/account-log.ts';
import type { Batch } from './batch.ts';
import { incomingOf, type PlanInputs, type PlannedAccount, planAccount } from './plan-account.ts';
import { readVersionsByAccount } from './versions-by-account.ts';

/** Scenes that change in one portion, at most. One query reads their open versions. */
const SCENES_A_QUERY = 10_000;
/** Different newest answers that are held at once. */
const ANSWERS_TOGETHER = 1_000;

/** An account that is planned from its open versions, and what it needs for that. */
interface Resumable {
  readonly head: AccountHead;
  readonly snapshot: Snapshot;
  readonly incoming: readonly IncomingObservation[];
}

/**
 * Plans from the open versions, in portions of bounded size. Accounts whose newest ok answer left
 * something unknown are pushed to `late` instead.
 */
export async function* planChanged(
  inputs: PlanInputs,
  batch: Batch,
  changed: readonly AccountHead[],
  late: AccountHead[],
): AsyncGenerator<PlannedAccount[]> {
  const { loader, answers, signal } = inputs;
  for (const heads of groupByAnswers(changed)) {
    const hashes = heads.map((head) => head.lastPayloadHash);
    const newest = await readAnswers(loader, hashes, answers, signal);
    let resumable: Resumable[] = [];
    let touched: SceneRef[] = [];
    let changes = 0;
    for (const head of heads) {
      const snapshot = newest.get(head.lastPayloadHash ?? '');
      if (snapshot?.kind !== 'snapshot' || !isComplete(snapshot)) {
        late.push(head);
        continue;
      }
      const { appId } = head;
      const incoming = incomingOf(inputs, batch, appId);
      const scenes = [...touchedKeys(snapshot, snapshotsOf(incoming))].map((sceneKey) => ({ appId, sceneKey }));
      const changesOfAccount = scenes.length + countAdded(snapshot, snapshotsOf(incoming));
      if (changes + changesOfAccount > SCENES_A_QUERY && resumable.length > 0) {
        yield await planResumable(inputs, batch, resumable, touched);
        resumable = [];
        touched = [];
        changes = 0;
      }
      resumable.push({ head, snapshot, incoming });
      touched.push(...scenes);
      changes += changesOfAccount;
    }
    if (resumable.length > 0) yield await planResumable(inputs, batch, resumable, touched);
  }
}

/** Neighbouring accounts whose newest answers are few enough to be held. */
function* groupByAnswers(heads: readonly AccountHead[]): Generator<readonly AccountHead[]> {
  let group: AccountHead[] = [];
  let hashes = new Set<string | null>();
  for (const head of heads) {
    if (hashes.size === ANSWERS_TOGETHER && !hashes.has(head.lastPayloadHash)) {
      yield group;
      group = [];
      hashes = new Set();
    }
    group.push(head);
    hashes.add(head.lastPayloadHash);
  }
  if (group.length > 0) yield group;
}

async function planResumable(
  inputs: PlanInputs,
  batch: Batch,
  resumable: readonly Resumable[],
  touched: readonly SceneRef[],
): Promise<PlannedAccount[]> {
  const open = await readVersionsByAccount(inputs.loader, openVersionsOf(touched), inputs.signal);
  return resumable.map(({ head, snapshot, incoming }) => {
    const point = { snapshot, openVersions: open.get(head.appId) ?? [] };
    return planAccount(inputs, batch, head.appId, { kind: 'resume', head, point }, incoming);
  });
}

/** Scenes that some answers list and the one before them does not. */
function countAdded(before: Snapshot, answers: readonly Snapshot[]): number {
  let added = 0;
  for (const { present } of answers) for (const key of present.keys()) if (!before.present.has(key)) added += 1;
  return added;
}

function snapshotsOf(incoming: readonly IncomingObservation[]): Snapshot[] {
  return incoming.flatMap(({ answer }) => (answer.kind === 'snapshot' ? [answer] : []));
}

/** What asks for the open versions of some scenes. */
function* openVersionsOf(scenes: readonly SceneRef[]): Generator<VersionQuery> {
  for (const chunk of chunksOf(scenes, SCENES_A_QUERY)) yield { scenes: chunk, openOnly: true };
}
