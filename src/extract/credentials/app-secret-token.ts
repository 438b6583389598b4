import type { Clock, Timer } from '../../clock.ts';
import type { AppSecretCredentials } from '../scene-source.ts';
import type { CallOutcome, WechatClient, WechatRequest } from '../wechat-client.ts';
import { readIssuedToken, TokenCache } from './issued-token.ts';
import { readCredential } from './read-credential.ts';
import {
  type AccountWith,
  SECOND_TRY_WAIT_MS,
  type TokenCall,
  type TokenOutcome,
  type TokenProvider,
} from './token-provider.ts';

/** The request that gives a token for an app secret. */
export type TokenRequest = (appId: string, secret: string) => Pick<WechatRequest, 'method' | 'path' | 'query' | 'json'>;

/**
 * `POST /cgi-bin/stable_token` in normal mode, which gives the same token while it lives; what others hold stays alive.
 * https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
 */
export const stableToken: TokenRequest = (appid, secret) => stableTokenRequest(appid, secret, false);

/** The same with `force_refresh`: the token that everybody uses dies at once. */
export const replacedToken: TokenRequest = (appid, secret) => stableTokenRequest(appid, secret, true);

/** How often WeChat allows `force_refresh` for an account in a day. */
export const FORCED_A_DAY = 20;

function stableTokenRequest(appid: string, secret: string, force_refresh: boolean): ReturnType<TokenRequest> {
  const json = { grant_type: 'client_credential', appid, secret, force_refresh };
  return { method: 'POST', path: '/cgi-bin/stable_token', json };
}

/** `GET /cgi-bin/token`: a new token each time; the one before, which production may use, dies within 5 minutes. */
export const legacyToken: TokenRequest = (appid, secret) => {
  return { method: 'GET', path: '/cgi-bin/token', query: { grant_type: 'client_credential', appid, secret } };
};

/** Asks for the token of an account with its app secret, and remembers it for the run. */
export class AppSecretToken implements TokenProvider<AppSecretCredentials> {
  readonly #request: TokenRequest;
  readonly #client: WechatClient;
  readonly #timer: Timer;
  readonly #clock: Clock;
  readonly #cache: TokenCache;

  constructor(request: TokenRequest, { client, timer, clock }: AppSecretTokenOptions) {
    this.#request = request;
    this.#client = client;
    this.#timer = timer;
    this.#cache = new TokenCache(timer);
    this.#clock = clock;
  }

  async current(account: AccountWith<AppSecretCredentials>, call: TokenCall): Promise<TokenOutcome> {
    const token = this.#cache.get(account.appId);
    if (token === null) return this.again(account, call);
    call.onSecret(token);
    return { kind: 'token', token };
  }

  async again({ appId, credentials }: AccountWith<AppSecretCredentials>, call: TokenCall): Promise<TokenOutcome> {
    this.#cache.drop(appId);
    const secret = await readCredential({ appId, what: 'app secret', read: credentials.appSecret }, call, this.#clock);
    return secret.kind === 'failure' ? secret : this.#ask(appId, secret.text, call);
  }

  async #ask(appId: string, secret: string, call: TokenCall): Promise<TokenOutcome> {
    const outcome = await this.#call(this.#request(appId, secret), call);
    if (outcome.kind === 'failure') return outcome;
    const issued = readIssuedToken(outcome.value, 'access_token', outcome.receivedAt);
    if ('code' in issued) return { kind: 'failure', failure: issued };
    call.onSecret(issued.token);
    this.#cache.keep(appId, issued);
    return { kind: 'token', token: issued.token };
  }

  /** Repeated once after 41002; see {@link SECOND_TRY_WAIT_MS}. */
  async #call(asked: ReturnType<TokenRequest>, { limit }: TokenCall): Promise<CallOutcome> {
    const request = { endpoint: 'token', credentials: 'appSecret', ...asked } as const;
    const outcome = await this.#client.call(request, limit);
    const isMissed = outcome.kind === 'failure' && outcome.failure.code === '41002';
    if (!isMissed || limit.leftMs() <= SECOND_TRY_WAIT_MS) return outcome;
    await this.#timer.sleep(SECOND_TRY_WAIT_MS, limit.signal);
    return this.#client.call(request, limit);
  }
}

export interface AppSecretTokenOptions {
  readonly client: WechatClient;
  readonly timer: Timer;
  readonly clock: Clock;
}
