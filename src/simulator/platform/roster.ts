import type { AccountDirectory, SimulatorAccount } from '../accounts/account-directory.ts';

/**
 * What happens to the roster, at once or right before the first page is answered that reaches the
 * row `beforeOffset`.
 */
export type RosterShift = RosterChange & { readonly beforeOffset?: number | undefined };

/**
 * `revoke` takes the rows of an account out, so that those behind them move up. `authorize` puts a
 * row in, `repeat` puts in a row of an account that is listed already: before the row `at`, default
 * at the end, as WeChat does.
 */
export type RosterChange =
  | { readonly shift: 'revoke'; readonly appId: string }
  | { readonly shift: 'authorize'; readonly account: SimulatorAccount; readonly at?: number | undefined }
  | { readonly shift: 'repeat'; readonly appId: string; readonly at?: number | undefined };

export interface RosterRow {
  readonly index: number;
  /** Seconds since 1970. */
  readonly authTime: number;
}

const FIRST_AUTH_TIME = 1_600_000_000;

/** Who has authorised the platform, in the order of authorisation. */
export class Roster {
  readonly #accounts: AccountDirectory;
  /** Indexes of accounts; one may be there twice. */
  #order: number[] = [];
  /** Accounts that revoked; they are still in the order until that is read. */
  readonly #revoked = new Set<number>();
  #holdsRevoked = false;
  readonly #authTimes = new Map<number, number>();

  constructor(accounts: AccountDirectory) {
    this.#accounts = accounts;
    for (let index = 0; index < accounts.size; index += 1) {
      if (accounts.at(index).authorized === false) this.#revoked.add(index);
      else this.#order.push(index);
    }
  }

  get size(): number {
    return this.#listed().length;
  }

  has(index: number): boolean {
    return index < this.#accounts.size && !this.#revoked.has(index);
  }

  page(offset: number, count: number): readonly RosterRow[] {
    return this.#listed()
      .slice(offset, offset + count)
      .map((index) => ({ index, authTime: this.#authTimes.get(index) ?? FIRST_AUTH_TIME + index }));
  }

  remove(index: number): void {
    this.#revoked.add(index);
    this.#holdsRevoked = true;
  }

  /** Puts a row before the row `at`, default at the end. */
  insert(index: number, authTime: number, at = Number.POSITIVE_INFINITY): void {
    this.#listed().splice(at, 0, index);
    this.#revoked.delete(index);
    this.#authTimes.set(index, authTime);
  }

  repeat(index: number, at = Number.POSITIVE_INFINITY): void {
    this.#listed().splice(at, 0, index);
  }

  #listed(): number[] {
    if (this.#holdsRevoked) this.#order = this.#order.filter((index) => !this.#revoked.has(index));
    this.#holdsRevoked = false;
    return this.#order;
  }
}
