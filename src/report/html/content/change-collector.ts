import type { SceneChange } from '../../../dimension/scene-changes.ts';
import type { ZonedTime } from '../zoned-time.ts';
import { compareKeys } from './compare-keys.ts';

/** A row of the report: what happened to a scene, in the accounts where it happened on the same day. */
export interface ChangeRow {
  /** In the first account. */
  readonly change: SceneChange;
  /** Why, in the words of whoever decided; null when nobody said. */
  readonly note: string | null;
  /** Positions in the list of accounts, ascending. */
  readonly accounts: number[];
  /** False where the times within the day differ. */
  hasSameTimes: boolean;
}

/** Groups changes that are the same but for account and time of the day. */
export class ChangeCollector {
  readonly #zone: ZonedTime;
  readonly #changes = new Map<string, ChangeRow>();

  constructor(zone: ZonedTime) {
    this.#zone = zone;
  }

  add(account: number, change: SceneChange, note: string | null): void {
    const { sceneKey, change: kind, oldName, newName, changedAt } = change;
    const key = JSON.stringify([sceneKey, kind, oldName, newName, this.#zone.dayOf(changedAt), note]);
    const known = this.#changes.get(key);
    if (known === undefined) {
      this.#changes.set(key, { change, note, accounts: [account], hasSameTimes: true });
      return;
    }
    known.accounts.push(account);
    known.hasSameTimes &&= known.change.changedAt === changedAt;
  }

  /** Newest day first, then by key. */
  rows(): readonly ChangeRow[] {
    const dayOf = ({ change }: ChangeRow): number => this.#zone.dayOf(change.changedAt);
    return [...this.#changes.values()].sort(
      (a, b) => dayOf(b) - dayOf(a) || compareKeys(a.change.sceneKey, b.change.sceneKey),
    );
  }
}
