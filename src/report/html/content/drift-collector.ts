import type { Drift, DriftKind } from '../../../dimension/account-drift.ts';
import { compareKeys } from './compare-keys.ts';

/** A row of the report: how a scene differs from the known access sources, in the accounts where it does so alike. */
export interface DriftRow extends Drift {
  /** Positions in the list of accounts, ascending. */
  readonly accounts: number[];
}

/** The drift of all accounts. */
export interface ReportedDrift {
  /** How many scenes of all accounts, by kind. */
  readonly counts: Readonly<Record<DriftKind, number>>;
  /** All but `matched`: what people can do something about first, then by key. */
  readonly rows: readonly DriftRow[];
}

/** Counts all drift, and groups what is not as listed. */
export class DriftCollector {
  readonly #rows = new Map<string, DriftRow>();
  readonly #counts: Record<DriftKind, number> = { matched: 0, renamed: 0, missing: 0, new: 0, seen_elsewhere: 0 };

  add(account: number, row: Drift): void {
    this.#counts[row.drift] += 1;
    if (row.drift === 'matched') return;
    const key = JSON.stringify([row.sceneKey, row.drift, row.sceneName]);
    const known = this.#rows.get(key);
    if (known === undefined) this.#rows.set(key, { ...row, accounts: [account] });
    else known.accounts.push(account);
  }

  drift(): ReportedDrift {
    const rows = [...this.#rows.values()].sort(
      (a, b) => order[a.drift] - order[b.drift] || compareKeys(a.sceneKey, b.sceneKey),
    );
    return { counts: this.#counts, rows };
  }
}

const order: Readonly<Record<DriftKind, number>> = { renamed: 0, new: 1, seen_elsewhere: 2, missing: 3, matched: 4 };
