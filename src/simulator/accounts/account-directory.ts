import { hash } from 'node:crypto';
import { ScenedimError } from '../../errors.ts';

export interface SimulatorAccount {
  readonly appId: string;
  /** Default: derived from the app id, the same each time. */
  readonly appSecret?: string | undefined;
  /** Whether it has authorised the platform. Default true; means nothing without a platform. */
  readonly authorized?: boolean | undefined;
  /**
   * An official account is listed too, and has no scenes: getSceneList refuses it by 48001. Default
   * `mini_program`.
   */
  readonly type?: 'mini_program' | 'official_account' | undefined;
  /**
   * Whether it granted the platform permission set 18; without it getSceneList answers 61007.
   * Default true.
   */
  readonly permissionSet18?: boolean | undefined;
  /** False: the roster has an empty refresh token for it. Default true. */
  readonly listsRefreshToken?: boolean | undefined;
}

/** Accounts that are derived when they are asked for, so that 100,000 of them take no memory. */
export interface SimulatorAccountRule {
  readonly count: number;
  /** The app id of an account, 0 to `count` - 1. Ids ascend, by code units. */
  readonly appId: (index: number) => string;
  /** What else is to be said of it. Default: nothing. */
  readonly details?: (index: number) => Omit<SimulatorAccount, 'appId'>;
}

/**
 * The accounts that the simulator knows, each with an index of its own: the given ones in their
 * order, then later ones.
 */
export class AccountDirectory {
  readonly #rule: SimulatorAccountRule;
  readonly #added: SimulatorAccount[] = [];
  readonly #indexes = new Map<string, number>();
  /** What was said anew of accounts of the rule. */
  readonly #replaced = new Map<number, SimulatorAccount>();

  /** Throws `usage` for a rule whose ids do not ascend. */
  constructor(accounts: Iterable<SimulatorAccount> | SimulatorAccountRule) {
    this.#rule = 'count' in accounts ? accounts : { count: 0, appId: () => '' };
    assertAscending(this.#rule);
    if (!('count' in accounts)) for (const account of accounts) this.put(account);
  }

  get size(): number {
    return this.#rule.count + this.#added.length;
  }

  /** Undefined for an account that is not known. */
  indexOf(appId: string): number | undefined {
    return this.#indexes.get(appId) ?? indexInRule(this.#rule, appId);
  }

  has(appId: string): boolean {
    return this.indexOf(appId) !== undefined;
  }

  at(index: number): SimulatorAccount {
    const { count, appId, details } = this.#rule;
    const account = this.#replaced.get(index) ?? this.#added[index - count];
    return account ?? { appId: appId(index), ...details?.(index) };
  }

  /** Adds an account, or says anew what is known of it. Tells its index. */
  put(account: SimulatorAccount): number {
    const known = this.indexOf(account.appId);
    const index = known ?? this.size;
    if (index < this.#rule.count) this.#replaced.set(index, account);
    else this.#added[index - this.#rule.count] = account;
    if (known === undefined) this.#indexes.set(account.appId, index);
    return index;
  }

  /** Undefined for an account that is not known. */
  appSecret(appId: string): string | undefined {
    const index = this.indexOf(appId);
    if (index === undefined) return undefined;
    return this.at(index).appSecret ?? derivedSecret(appId);
  }
}

/** A secret as WeChat gives them: 32 hexadecimal digits, always the same for the same owner. */
export function derivedSecret(owner: string): string {
  return hash('sha256', `${owner} secret`).slice(0, 32);
}

function assertAscending({ count, appId }: SimulatorAccountRule): void {
  for (let index = 1; index < count; index += 1) {
    if (appId(index - 1) >= appId(index)) {
      throw new ScenedimError('usage', `the app ids of the simulator's accounts do not ascend at ${index}`);
    }
  }
}

function indexInRule({ count, appId }: SimulatorAccountRule, wanted: string): number | undefined {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (appId(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low < count && appId(low) === wanted ? low : undefined;
}
