import { chunksOf } from '../../chunks.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { isComplete } from '../../dimension/compare-snapshots.ts';
import type { IncomingObservation } from '../../dimension/observation.ts';
import { touchedKeys } from '../../dimension/timeline.ts';
import type { SceneRef, Version } from '../../dimension/version.ts';
import { ScenedimError } from '../../errors.ts';
import { SCENES_A_QUERY, type VersionQuery } from '../../load/loader.ts';
import type { Snapshot } from '../../normalize/snapshot.ts';
import { readAnswers } from '../log/account-log.ts';
import type { Batch } from './batch.ts';
import { incomingOf, type PlanInputs, type PlannedAccount, planAccount, unplannableAccount } from './plan-account.ts';
import { readVersionsByAccount } from './read-versions-by-account.ts';

/** Different newest answers that are held at once. */
const ANSWERS_TOGETHER = 1_000;

/** An account that is planned from its open versions, and what it needs for that. */
interface Resumable {
  readonly head: AccountHead;
  readonly snapshot: Snapshot;
  readonly incoming: readonly IncomingObservation[];
}

/**
 * Plans from the open versions, in portions whose changed scenes one query names. Accounts whose newest ok answer left
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
    for (const head of heads) {
      const snapshot = newest.get(head.lastPayloadHash ?? '');
      if (snapshot?.kind !== 'snapshot' || !isComplete(snapshot)) {
        late.push(head);
        continue;
      }
      const { appId } = head;
      const incoming = incomingOf(inputs, batch, appId);
      const keys = touchedKeys(snapshot, snapshotsOf(incoming));
      for (const key of addedKeys(snapshot, snapshotsOf(incoming))) keys.add(key);
      if (touched.length + keys.size > SCENES_A_QUERY && resumable.length > 0) {
        yield await planResumable(inputs, batch, resumable, touched);
        resumable = [];
        touched = [];
      }
      resumable.push({ head, snapshot, incoming });
      for (const sceneKey of keys) touched.push({ appId, sceneKey });
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
    const wrong = point.openVersions.find(({ sceneKey, sceneName }) => snapshot.present.get(sceneKey) !== sceneName);
    if (wrong !== undefined) return unplannableAccount(head.appId, head, wrongRow(wrong));
    return planAccount(inputs, batch, head.appId, { kind: 'resume', head, point }, incoming);
  });
}

/**
 * Scenes that some answers list and the one before them does not. They have no open version, if all
 * is right.
 */
function* addedKeys(before: Snapshot, answers: readonly Snapshot[]): Generator<string> {
  for (const { present } of answers) for (const key of present.keys()) if (!before.present.has(key)) yield key;
}

function wrongRow({ appId, sceneKey }: Version): ScenedimError {
  const message = `account ${appId}: the open version of scene ${sceneKey} in dim_scene is not what its log gives`;
  return new ScenedimError('data_refused', message, { remedy: 'run `scenedim verify`, then `scenedim rebuild`' });
}

function snapshotsOf(incoming: readonly IncomingObservation[]): Snapshot[] {
  return incoming.flatMap(({ answer }) => (answer.kind === 'snapshot' ? [answer] : []));
}

/** What asks for the open versions of some scenes. */
function* openVersionsOf(scenes: readonly SceneRef[]): Generator<VersionQuery> {
  for (const chunk of chunksOf(scenes, SCENES_A_QUERY)) yield { scenes: chunk, openOnly: true };
}
