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
  assertDistinct('version', versions, (change) => versionOf(change).versionId);
  assertDistinct(
    'end of a version',
    versionsThatStay(versions),
    ({ appId, sceneKey, effectiveTo }) => `${appId}\n${sceneKey}\n${effectiveTo}`,
  );
}

function* versionsThatStay(changes: ChangeSet['versions']): Generator<Version> {
  for (const change of changes) {
    if (change.op === 'delete') continue;
    assertVersion(change.after);
    yield change.after;
  }
}

function assertVersion(version: Version): void {
  const { versionId, effectiveFrom, effectiveTo, endReason } = version;
  if (effectiveFrom >= effectiveTo) refuse('a version that ends before it starts', versionId);
  if ((endReason === null) !== isOpen(version)) refuse('a version whose end and end_reason differ', versionId);
}

function assertDistinct<Row>(what: string, rows: Iterable<Row>, keyOf: (row: Row) => string): void {
  const keys = new Set<string>();
  for (const row of rows) {
    const key = keyOf(row);
    if (keys.has(key)) refuse(`twice the same ${what}`, key.replaceAll('\n', ' '));
    keys.add(key);
  }
}

function refuse(what: string, which: string): never {
  throw new ScenedimError('internal', `the batch holds ${what}: ${which}`, { remedy: 'please report it' });
}
