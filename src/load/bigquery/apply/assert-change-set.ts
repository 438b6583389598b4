import { isOpen, type Version, versionOf } from '../../../dimension/version.ts';
import { ScenedimError } from '../../../errors.ts';
import type { ChangeSet } from '../../loader.ts';

/**
 * Refuses rows that a database with constraints would refuse: BigQuery enforces no key and no CHECK, and would store two open
 * versions of a scene. The rules that need the stored rows are asserted inside the transaction.
 */
export function assertChangeSet(changeSet: ChangeSet): void {
  const { observations, decisions, rejects, heads, payloads, versions } = changeSet;
  assertDistinct('payload', payloads, ({ payloadHash }) => payloadHash);
  assertDistinct('observation', observations, ({ appId, observedAt }) => `${appId}\n${observedAt}`);
  assertDistinct('decision', decisions, ({ appId, observedAt }) => `${appId}\n${observedAt}`);
  assertDistinct('reject', rejects, ({ appId, observedAt, index }) => `${appId}\n${observedAt}\n${index}`);
  assertDistinct(
    'observation to delete',
    changeSet.removedObservations,
    ({ appId, observedAt }) => `${appId}\n${observedAt}`,
  );
  assertDistinct('body to delete', changeSet.removedPayloads, (payloadHash) => payloadHash);
  assertDistinct('head', heads, ({ head }) => head.appId);
  for (const { appId, observedAt, status, payloadHash } of observations) {
    if ((payloadHash === null) !== (status === 'failed'))
      refuse(`a ${status} observation`, `${appId} at ${observedAt}`);
  }
  assertVersions(versions);
}

/**
 * The versions of an account mostly follow each other. Then only the keys of one account are held: those of a batch are 30 MB.
 * A `version_id` is a hash of its account, so that no other account has it.
 */
function assertVersions(changes: ChangeSet['versions'], isGrouped = true): void {
  const accounts = new Set<string>();
  const ids = new Set<string>();
  const ends = new Set<string>();
  let account: string | null = null;
  for (const change of changes) {
    const { appId, versionId, sceneKey, effectiveTo } = versionOf(change);
    if (isGrouped && appId !== account) {
      if (accounts.has(appId)) {
        assertVersions(changes, false);
        return;
      }
      accounts.add(appId);
      ids.clear();
      ends.clear();
      account = appId;
    }
    addDistinct(ids, versionId, 'version');
    if (change.op === 'delete') continue;
    assertVersion(change.after);
    addDistinct(ends, `${appId}\n${sceneKey}\n${effectiveTo}`, 'end of a version');
  }
}

function assertVersion(version: Version): void {
  const { versionId, effectiveFrom, effectiveTo, endReason } = version;
  if (effectiveFrom >= effectiveTo) refuse('a version that ends before it starts', versionId);
  if ((endReason === null) !== isOpen(version)) refuse('a version whose end and end_reason differ', versionId);
}

function assertDistinct<Row>(what: string, rows: Iterable<Row>, keyOf: (row: Row) => string): void {
  const keys = new Set<string>();
  for (const row of rows) addDistinct(keys, keyOf(row), what);
}

function addDistinct(keys: Set<string>, key: string, what: string): void {
  if (keys.has(key)) refuse(`twice the same ${what}`, key.replaceAll('\n', ' '));
  keys.add(key);
}

function refuse(what: string, which: string): never {
  throw new ScenedimError('internal', `the batch holds ${what}: ${which}`, { remedy: 'please report it' });
}
