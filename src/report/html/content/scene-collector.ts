import { isOpen, type Version } from '../../../dimension/version.ts';
import { BEGINNING } from '../../../instant.ts';
import type { ZonedTime } from '../zoned-time.ts';
import { compareKeys } from './compare-keys.ts';

/** A row of the report: a scene in the accounts where it had the same names on the same days. */
export interface SceneRow {
  readonly sceneKey: string;
  /** In the first account, in order of time; one at least. */
  readonly versions: readonly Version[];
  /** Positions in the list of accounts, ascending. */
  readonly accounts: number[];
  /** False where the times within the days differ. */
  hasSameTimes: boolean;
}

/** True for a scene that had another name before, or is not in force. */
export function hasChanged({ versions }: SceneRow): boolean {
  return versions.length > 1 || !isInForce(versions);
}

export function isInForce(versions: readonly Version[]): boolean {
  const last = versions.at(-1);
  return last !== undefined && isOpen(last);
}

/** Groups scenes by what they looked like, so that a thousand accounts that agree need the rows of one. */
export class SceneCollector {
  readonly #zone: ZonedTime;
  readonly #scenes = new Map<string, SceneRow>();

  constructor(zone: ZonedTime) {
    this.#zone = zone;
  }

  /** Takes all versions of a scene of an account, in order of time. Accounts come by their position. */
  add(account: number, versions: readonly Version[]): void {
    const key = JSON.stringify([versions[0]?.sceneKey, ...versions.map((version) => this.#lookOf(version))]);
    const scene = this.#scenes.get(key);
    if (scene === undefined) {
      const sceneKey = versions[0]?.sceneKey ?? '';
      this.#scenes.set(key, { sceneKey, versions, accounts: [account], hasSameTimes: true });
      return;
    }
    scene.accounts.push(account);
    scene.hasSameTimes &&= versions.every((version, index) => isSamePeriod(version, scene.versions[index]));
  }

  /** By key, numbers first; what most accounts have comes first. */
  rows(): readonly SceneRow[] {
    return [...this.#scenes.values()].sort(
      (a, b) => compareKeys(a.sceneKey, b.sceneKey) || b.accounts.length - a.accounts.length,
    );
  }

  #lookOf({ sceneName, effectiveFrom, effectiveTo, endReason }: Version): readonly unknown[] {
    const start = effectiveFrom === BEGINNING ? null : this.#zone.dayOf(effectiveFrom);
    return [sceneName, start, endReason === null ? null : this.#zone.dayOf(effectiveTo), endReason];
  }
}

function isSamePeriod(a: Version, b: Version | undefined): boolean {
  return a.effectiveFrom === b?.effectiveFrom && a.effectiveTo === b.effectiveTo;
}
