import { formatCount } from '../../report/format-count.ts';
import type { CheckedFinding } from './check-finding.ts';

const MOST = 20;

/** Accounts with the same trouble: the first 20 are named one by one, the others are counted. */
export class Named<Item> {
  readonly named: Item[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(item: Item): void {
    this.#count += 1;
    if (this.named.length < MOST) this.named.push(item);
  }

  /** How many there are beside the named ones, as a finding; none where all are named. */
  rest(finding: Pick<CheckedFinding, 'level' | 'subject' | 'exitCode'>): readonly CheckedFinding[] {
    const others = this.#count - this.named.length;
    return others === 0 ? [] : [{ ...finding, message: `… and ${formatCount(others, 'more account')}` }];
  }
}
