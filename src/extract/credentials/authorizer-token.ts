import type { Clock, Timer } from '../../clock.ts';
import type { Micros } from '../../instant.ts';
import { isJsonObject } from '../../normalize/exact-json.ts';
import type { RefreshTokenStore } from '../../platform-stores.ts';
import { type CallFailure, type CallRefused, callFailure } from '../call-outcome.ts';
import { REAUTHORISE } from '../error-catalogue.ts';
import { NO_REFRESH_TOKEN, type PlatformCredentials } from '../scene-source.ts';
import { type AuthorizerList, readAuthorizerList } from './authorizer-list.ts';
import type { ComponentToken } from './component-token.ts';
import { isToken, malformedToken, readIssuedToken, TokenCache } from './issued-token.ts';
import type { SharedWork } from './shared-work.ts';
import type { AccountWith, TokenCall, TokenOutcome, TokenProvider } from './token-provider.ts';

/**
 * The access token of an authorizer of a third-party platform. WeChat gives it for the authorizer's
 * refresh token, and may send a new refresh token along, which ends the one before. The new one is
 * stored before the access token is used. If the process is killed in between, the list of
 * authorizers still has it.
 * https://developers.weixin.qq.com/doc/oplatform/openApi/OpenApiDoc/ticket-token/getAuthorizerAccessToken.html
 */
export class AuthorizerToken implements TokenProvider<PlatformCredentials> {
  readonly #options: AuthorizerTokenOptions;
  readonly #cache: TokenCache;
  #list: Promise<AuthorizerList | CallRefused> | null = null;
  /** The list as it is after a refresh token was refused: read once more in this run. */
  #newerList: Promise<AuthorizerList | CallRefused> | null = null;

  constructor(options: AuthorizerTokenOptions) {
    this.#options = options;
    this.#cache = new TokenCache(options.timer);
  }

  /** The list of this run: read at the first call, and again after a fault that passes. */
  list(): Promise<AuthorizerList | CallRefused> {
    this.#list ??= this.#read(() => {
      this.#list = null;
    });
    return this.#list;
  }

  async current(account: AccountWith<PlatformCredentials>, call: TokenCall): Promise<TokenOutcome> {
    const token = this.#cache.get(account.appId);
    if (token === null) return this.again(account, call);
    call.onSecret(token);
    return { kind: 'token', token };
  }

  async again({ appId }: AccountWith<PlatformCredentials>, call: TokenCall): Promise<TokenOutcome> {
    const { shared, component } = this.#options;
    this.#cache.drop(appId);
    const usedUp = component.quotaFailure('authorizer_token');
    if (usedUp !== null) return usedUp;
    // Goes on when the account gives up: the answer may bring a refresh token that ends the stored
    // one.
    const outcome = await shared.run(call, (own) => this.#ask(appId, own));
    if (outcome.kind === 'failure') return outcome;
    call.onSecret(outcome.token);
    return outcome;
  }

  async #ask(appId: string, call: TokenCall): Promise<TokenOutcome> {
    const stored = await this.#stored(appId, call);
    const first = stored ?? (await this.#listed(appId, this.#newerList ?? this.list(), call));
    if (first === null) return this.#missing();
    if (typeof first !== 'string') return first;
    const outcome = await this.#refresh(appId, { token: first, stored }, call);
    return isRefused(outcome) ? this.#recover(appId, first, outcome, call) : outcome;
  }

  /**
   * After a refusal: tries the token that another process has stored meanwhile, then the one that
   * the list has now.
   */
  async #recover(appId: string, refused: string, refusal: CallRefused, call: TokenCall): Promise<TokenOutcome> {
    const stored = await this.#stored(appId, call);
    if (stored !== null && stored !== refused) {
      const outcome = await this.#refresh(appId, { token: stored, stored }, call);
      if (!isRefused(outcome)) return outcome;
    }
    this.#newerList ??= this.#read(() => {
      this.#newerList = null;
    });
    const listed = await this.#listed(appId, this.#newerList, call);
    if (listed !== null && typeof listed !== 'string') return listed;
    if (listed === null || listed === refused || listed === stored) return withReauthorisation(refusal);
    const outcome = await this.#refresh(appId, { token: listed, stored }, call);
    return isRefused(outcome) ? withReauthorisation(outcome) : outcome;
  }

  /** Sends a refresh token to WeChat, and stores its successor before the access token is used. */
  async #refresh(appId: string, { token, stored }: KnownToken, call: TokenCall): Promise<TokenOutcome> {
    call.onSecret(token);
    const { component } = this.#options;
    const json = {
      component_appid: component.componentAppId,
      authorizer_appid: appId,
      authorizer_refresh_token: token,
    };
    const path = '/cgi-bin/component/api_authorizer_token';
    const outcome = await component.call({ endpoint: 'authorizer_token', path, json }, call);
    if (outcome.kind === 'failure') return outcome;
    const answer = isJsonObject(outcome.value) ? outcome.value : {};
    const next = readRefreshToken(answer, outcome.receivedAt) ?? token;
    if (typeof next !== 'string') return { kind: 'failure', failure: next };
    call.onSecret(next);
    if (next !== stored) await this.#store(appId, { token: next, stored }, call);
    const issued = readIssuedToken(answer, 'authorizer_access_token', outcome.receivedAt);
    if ('code' in issued) return { kind: 'failure', failure: issued };
    this.#cache.keep(appId, issued);
    return { kind: 'token', token: issued.token };
  }

  /**
   * Stores `token` in the place of `stored`. When another process has stored one meanwhile, WeChat
   * decides: the one of the two that it still accepts is kept.
   */
  async #store(appId: string, { token, stored }: KnownToken, call: TokenCall): Promise<void> {
    const { store, shared } = this.#options;
    const replaced = await store.replace([{ appId, expected: stored, token }], shared.signal);
    if (replaced.has(appId)) return;
    const theirs = await this.#stored(appId, call);
    if (theirs === token) return;
    const outcome = theirs === null ? null : await this.#refresh(appId, { token: theirs, stored: theirs }, call);
    if (outcome === null || isRefused(outcome)) await this.#store(appId, { token, stored: theirs }, call);
  }

  async #stored(appId: string, { limit }: TokenCall): Promise<string | null> {
    return (await this.#options.store.read([appId], limit.signal)).get(appId) ?? null;
  }

  async #listed(
    appId: string,
    list: Promise<AuthorizerList | CallRefused>,
    call: TokenCall,
  ): Promise<string | null | CallRefused> {
    const outcome = await this.#options.shared.waitFor(call, list);
    return outcome.kind === 'failure' ? outcome : outcome.tokens.get(appId);
  }

  /** Calls `forget` after a fault that passes, so that the next account reads the list again. */
  async #read(forget: () => void): Promise<AuthorizerList | CallRefused> {
    const list = await readAuthorizerList(this.#options.component, this.#options.shared);
    if (list.kind === 'failure' && list.failure.errorClass === 'transient') forget();
    return list;
  }

  #missing(): CallRefused {
    const failure = callFailure({
      code: NO_REFRESH_TOKEN,
      errorClass: 'unavailable',
      message: `neither source.platform.tokenStore nor the list of the platform has a refresh token of it; ${NEEDS_REAUTHORISATION}`,
      remedy: REAUTHORISE,
      observedAt: this.#options.clock.now(),
    });
    return { kind: 'failure', failure };
  }
}

export interface AuthorizerTokenOptions {
  readonly component: ComponentToken;
  readonly store: RefreshTokenStore;
  readonly shared: SharedWork;
  readonly timer: Timer;
  readonly clock: Clock;
}

/** A refresh token to ask with, and what is stored of the account. */
interface KnownToken {
  readonly token: string;
  readonly stored: string | null;
}

/** The refresh token of an answer; null when it names none. */
function readRefreshToken(answer: Readonly<Record<string, unknown>>, observedAt: Micros): string | CallFailure | null {
  const token = answer['authorizer_refresh_token'] ?? '';
  if (token === '') return null;
  return isToken(token) ? token : malformedToken('authorizer_refresh_token that could be one', observedAt);
}

/** True when WeChat says that the refresh token is not valid. */
function isRefused(outcome: TokenOutcome): outcome is CallRefused {
  return outcome.kind === 'failure' && outcome.failure.code === '61023';
}

function withReauthorisation({ failure }: CallRefused): CallRefused {
  return { kind: 'failure', failure: { ...failure, message: `${failure.message}; ${NEEDS_REAUTHORISATION}` } };
}

const NEEDS_REAUTHORISATION = 'it needs re-authorisation';
