import { ScenedimError } from '../../errors.ts';
import type { Micros } from '../../instant.ts';
import { type AccountDirectory, derivedSecret, type SimulatorAccount } from '../accounts/account-directory.ts';
import { RefreshTokens } from './refresh-tokens.ts';
import { Roster, type RosterShift } from './roster.ts';
import { VerifyTickets } from './verify-tickets.ts';

export interface SimulatorPlatformOptions {
  readonly componentAppId: string;
  /** Default: derived from the app id, the same each time. */
  readonly componentAppSecret?: string | undefined;
  /**
   * Whether each `api_authorizer_token` gives a new refresh token. The one before is taken until
   * the new one was used or it was replaced twice, then refused by 61023. Default true.
   */
  readonly rotatesRefreshTokens?: boolean | undefined;
  /** The refresh token before dies as soon as there is a new one. Default false. */
  readonly strictRefreshTokens?: boolean | undefined;
  /** How rows come and go between the pages of the roster. */
  readonly rosterShifts?: readonly RosterShift[] | undefined;
}

/** A third-party platform: its ticket, who authorised it, and the refresh tokens of those. */
export class SimulatedPlatform {
  readonly componentAppId: string;
  readonly componentAppSecret: string;
  readonly tickets: VerifyTickets;
  readonly roster: Roster;
  readonly #accounts: AccountDirectory;
  readonly #now: () => Micros;
  readonly #refreshTokens: RefreshTokens;
  #shifts: readonly RosterShift[];

  constructor(options: SimulatorPlatformOptions, accounts: AccountDirectory, now: () => Micros) {
    const { componentAppId, rotatesRefreshTokens = true, strictRefreshTokens = false } = options;
    this.componentAppId = componentAppId;
    this.componentAppSecret = options.componentAppSecret ?? derivedSecret(componentAppId);
    this.tickets = new VerifyTickets(componentAppId, now);
    this.roster = new Roster(accounts);
    this.#accounts = accounts;
    this.#now = now;
    const rotating = strictRefreshTokens ? 'strict' : 'overlap';
    this.#refreshTokens = new RefreshTokens(rotatesRefreshTokens ? rotating : 'keep');
    this.#shifts = options.rosterShifts ?? [];
  }

  /** Throws `usage` for an account that the simulator does not know. */
  refreshToken(appId: string): string {
    return this.#refreshTokens.newest(this.#known(appId), appId);
  }

  isRefreshTokenAlive(appId: string, token: string): boolean {
    const index = this.#known(appId);
    return this.roster.has(index) && this.#refreshTokens.isAlive(index, appId, token);
  }

  useRefreshToken(appId: string): void {
    this.#refreshTokens.used(this.#known(appId));
  }

  isAuthorized(appId: string): boolean {
    const index = this.#accounts.indexOf(appId);
    return index !== undefined && this.roster.has(index);
  }

  /** Does a shift now, or keeps it for the page that it waits for. */
  shift(shift: RosterShift): void {
    if (shift.beforeOffset === undefined) this.#perform(shift);
    else this.#shifts = [...this.#shifts, shift];
  }

  /** Does what waits for a row that the page holds, or one before it. */
  beforePage(offset: number, count: number): void {
    const due = this.#shifts.filter(({ beforeOffset = 0 }) => beforeOffset < offset + count);
    if (due.length === 0) return;
    this.#shifts = this.#shifts.filter((shift) => !due.includes(shift));
    for (const shift of due) this.#perform(shift);
  }

  #perform(shift: RosterShift): void {
    if (shift.shift === 'revoke') this.roster.remove(this.#known(shift.appId));
    else if (shift.shift === 'repeat') this.roster.repeat(this.#known(shift.appId), shift.at);
    else this.#authorize(shift.account, shift.at);
  }

  #authorize(account: SimulatorAccount, at: number | undefined): void {
    const wasListed = this.isAuthorized(account.appId);
    const wasKnown = this.#accounts.has(account.appId);
    const index = this.#accounts.put({ ...account, authorized: true });
    if (wasListed) return;
    if (wasKnown) this.#refreshTokens.restart(index);
    this.roster.insert(index, Number(this.#now() / 1_000_000n), at);
  }

  #known(appId: string): number {
    const index = this.#accounts.indexOf(appId);
    if (index === undefined) throw new ScenedimError('usage', `the simulator does not know the account ${appId}`);
    return index;
  }
}
