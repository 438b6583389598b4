import { formatInstant, OPEN_END } from '../instant.ts';
import type { Snapshot } from '../normalize/snapshot.ts';
import { classifyKey } from './classify-key.ts';
import { isComplete } from './compare-snapshots.ts';
import { sceneIdOf, versionIdOf } from './ids.ts';
import type { Version } from './version.ts';
import { isOpen } from './version.ts';

/** Checks the rows of one account, ordered by key and time, against what every row must fulfil on its own. */
export function findRowViolations(versions: readonly Version[]): Violation[] {
  const violations: Violation[] = [];
  let previous: Version | undefined;
  for (const version of versions) {
    const report = (rule: Violation['rule'], what: string) =>
      violations.push({ appId: version.appId, rule, message: `${describe(version)} ${what}` });
    if (version.effectiveFrom >= version.effectiveTo) report('interval', 'does not end after it starts');
    if (isOpen(version) !== (version.endReason === null))
      report('interval', 'has an end without a reason or the reverse');
    if (version.effectiveTo > OPEN_END) report('interval', 'ends after the open end');
    if (previous?.sceneKey === version.sceneKey && previous.effectiveTo > version.effectiveFrom) {
      report('overlap', `overlaps the version that starts at ${formatInstant(previous.effectiveFrom)}`);
    }
    if (version.sceneId !== sceneIdOf(version.appId, version.sceneKey))
      report('derived_column', 'has a wrong scene_id');
    if (version.versionId !== versionIdOf(version.appId, version.sceneKey, version.firstObservedAt)) {
      report('derived_column', 'has a wrong version_id');
    }
    const { valueKind, sceneValue, isAggregate } = classifyKey(version.sceneKey);
    if (valueKind !== version.valueKind || sceneValue !== version.sceneValue || isAggregate !== version.isAggregate) {
      report('derived_column', 'has a wrong scene_value, value_kind or is_aggregate');
    }
    previous = version;
  }
  return violations;
}

/** A rule of `src/dimension/README.md` that a row breaks. */
export interface Violation {
  readonly appId: string;
  readonly rule: 'overlap' | 'interval' | 'derived_column' | 'open_versions' | 'dimension' | 'head' | DamageRule;
  readonly message: string;
}

/** What `rebuild` cannot mend: bodies or observations that are gone, a rebuild that was interrupted. */
export type DamageRule = 'payload' | 'log_shortened' | 'rebuilding';

/** Open versions equal the newest ok answer when that left nothing unknown. */
export function findOpenViolations(appId: string, versions: readonly Version[], newest: Snapshot): Violation[] {
  if (!isComplete(newest)) return [];
  const open = versions.filter(isOpen);
  const equal =
    open.length === newest.present.size &&
    open.every((version) => newest.present.get(version.sceneKey) === version.sceneName);
  if (equal) return [];
  return [{ appId, rule: 'open_versions', message: 'the open versions are not what the newest ok answer lists' }];
}

/** A version in words, for a violation. */
export function describe(version: Version): string {
  return `version ${version.versionId} (${version.sceneKey} from ${formatInstant(version.effectiveFrom)})`;
}
