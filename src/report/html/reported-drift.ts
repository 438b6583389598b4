import type { Drift, DriftKind } from '../../dimension/account-drift.ts';
import { compareKeys } from './compare-keys.ts';

/** Accounts in which a scene stands in the same way to what is known beforehand. */
export interface ReportedDrift {
  readonly row: Drift;
  /** Positions in the list of accounts, ascending. */
  readonly accounts: number[];
}

/** Counts what is as it should be, and puts everything else of accounts that look the same together. */
export class DriftCollector {
  readonly #rows = new Map<string, ReportedDrift>();
  /** How many scenes of all accounts, by kind. */
  readonly counts: Record<DriftKind, number> = { matched: 0, renamed: 0, missing: 0, new: 0, seen_elsewhere: 0 };

  add(account: number, row: Drift): void {
    this.counts[row.drift] += 1;
    if (row.drift === 'matched') return;
    const key = JSON.stringify([row.sceneKey, row.drift, row.sceneName]);
    const known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, { row, accounts: [account] });
    else known.accounts.push(account);
  }

  /** What people can do something about first, then by key. */
  rows(): readonly ReportedDrift[] {
    return [...this.#rows.values()].sort(
      (a, b) => order[a.row.drift] - order[b.row.drift] || compareKeys(a.row.sceneKey, b.row.sceneKey),
    );
  }
}

const order: Readonly<Record<DriftKind, number>> = { renamed: 0, new: 1, seen_elsewhere: 2, missing: 3, matched: 4 };
