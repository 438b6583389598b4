import type { Clock } from '../../clock.ts';
import type { AppSecretCredentials, SourceAccount } from '../scene-source.ts';
import {
  AppSecretToken,
  type AppSecretTokenOptions,
  legacyToken,
  replacedToken,
  stableToken,
} from './app-secret-token.ts';
import type { AuthorizerToken } from './authorizer-token.ts';
import { GivenToken } from './given-token.ts';
import { unusable } from './read-credential.ts';
import type { AccountWith, TokenCall, TokenOutcome } from './token-provider.ts';

/**
 * The access token of an account, by the provider for its kind of credentials. Unless the user asked for it by name, neither
 * `GET /cgi-bin/token` nor `force_refresh` is ever sent: both would kill the token that the customer's production uses.
 */
export class AccountTokens {
  readonly #given: GivenToken;
  readonly #stable: AppSecretToken;
  readonly #legacy: AppSecretToken;
  readonly #replaced: AppSecretToken;
  readonly #platform: AuthorizerToken | null;
  readonly #clock: Clock;

  /** `platform` is null for a source without one. */
  constructor(options: AppSecretTokenOptions, platform: AuthorizerToken | null) {
    this.#given = new GivenToken(options.clock);
    this.#stable = new AppSecretToken(stableToken, options);
    this.#legacy = new AppSecretToken(legacyToken, options);
    this.#replaced = new AppSecretToken(replacedToken, options);
    this.#platform = platform;
    this.#clock = options.clock;
  }

  /** As in {@link TokenProvider}. */
  current(account: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    return this.#ask('current', account, call);
  }

  /** As in {@link TokenProvider}. */
  again(account: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    return this.#ask('again', account, call);
  }

  /** A new token, which ends the one that others use. Only for an app secret. */
  replace(account: AccountWith<AppSecretCredentials>, call: TokenCall): Promise<TokenOutcome> {
    return this.#replaced.again(account, call);
  }

  async #ask(how: 'current' | 'again', { appId, credentials }: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    if (credentials === undefined) return this.#without(appId, 'it has no credentials');
    if ('accessToken' in credentials) return this.#given[how]({ appId, credentials }, call);
    if ('platform' in credentials) {
      if (this.#platform === null) return this.#without(appId, 'the source has no platform');
      return this.#platform[how]({ appId, credentials }, call);
    }
    const provider = credentials.legacyToken === true ? this.#legacy : this.#stable;
    return provider[how]({ appId, credentials }, call);
  }

  #without(appId: string, why: string): TokenOutcome {
    return { kind: 'failure', failure: unusable(appId, why, GIVE_CREDENTIALS, this.#clock) };
  }
}

const GIVE_CREDENTIALS = 'give the account an accessToken or an appSecret';
