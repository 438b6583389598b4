import { isOpen, type Version } from '../../dimension/version.ts';
import { BEGINNING } from '../../instant.ts';
import { compareKeys } from './compare-keys.ts';
import type { ZonedTime } from './zoned-time.ts';

/** Accounts whose scene of one key had the same names on the same days. */
export interface ReportedScene {
  readonly sceneKey: string;
  /** Those of the first account, in order of time; one at least. */
  readonly versions: readonly Version[];
  /** Positions in the list of accounts, ascending. */
  readonly accounts: number[];
  /** False where the accounts have other times of the same days. */
  hasSameTimes: boolean;
}

/** True for a scene that had another name before, or is not in force. */
export function hasChanged({ versions }: ReportedScene): boolean {
  return versions.length > 1 || !isInForce(versions);
}

export function isInForce(versions: readonly Version[]): boolean {
  const last = versions.at(-1);
  return last !== undefined && isOpen(last);
}

/** Puts the scenes of accounts that look the same together, so that a thousand accounts need the rows of one. */
export class SceneCollector {
  readonly #zone: ZonedTime;
  readonly #scenes = new Map<string, ReportedScene>();

  constructor(zone: ZonedTime) {
    this.#zone = zone;
  }

  /** Takes all versions of a scene of an account, in order of time. */
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
  scenes(): readonly ReportedScene[] {
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
