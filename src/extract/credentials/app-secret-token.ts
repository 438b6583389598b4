import type { Clock, Timer } from '../../clock.ts';
import { numberLiteral } from '../../normalize/exact-json.ts';
import { callFailure } from '../call-outcome.ts';
import type { AppSecretCredentials } from '../scene-source.ts';
import type { CallOutcome, WechatClient, WechatRequest } from '../wechat-client.ts';
import { readCredential } from './read-credential.ts';
import { flawOfSecret } from './secret-text.ts';
import type { AccountWith, TokenCall, TokenOutcome, TokenProvider } from './token-provider.ts';

/** The request that gives a token for an app secret. */
export type TokenRequest = (appId: string, secret: string) => Pick<WechatRequest, 'method' | 'path' | 'query' | 'json'>;

/**
 * `POST /cgi-bin/stable_token` in normal mode, which gives the same token while it lives; what others hold stays alive.
 * https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-access-token/getStableAccessToken.html
 */
export const stableToken: TokenRequest = (appid, secret) => stableTokenRequest(appid, secret, false);

/** The same with `force_refresh`: the token that everybody uses dies at once. */
export const replacedToken: TokenRequest = (appid, secret) => stableTokenRequest(appid, secret, true);

/** How often WeChat allows that for an account in a day. */
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
  readonly #cache = new Map<string, { readonly token: string; readonly usableUntil: number }>();

  constructor(request: TokenRequest, { client, timer, clock }: AppSecretTokenOptions) {
    this.#request = request;
    this.#client = client;
    this.#timer = timer;
    this.#clock = clock;
  }

  async current(account: AccountWith<AppSecretCredentials>, call: TokenCall): Promise<TokenOutcome> {
    const cached = this.#cache.get(account.appId);
    if (cached === undefined || cached.usableUntil <= this.#timer.now()) return this.again(account, call);
    call.onSecret(cached.token);
    return { kind: 'token', token: cached.token };
  }

  async again({ appId, credentials }: AccountWith<AppSecretCredentials>, call: TokenCall): Promise<TokenOutcome> {
    this.#cache.delete(appId);
    const secret = await readCredential({ appId, what: 'app secret', read: credentials.appSecret }, call, this.#clock);
    return secret.kind === 'failure' ? secret : this.#ask(appId, secret.text, call);
  }

  async #ask(appId: string, secret: string, call: TokenCall): Promise<TokenOutcome> {
    const outcome = await this.#call(this.#request(appId, secret), call);
    if (outcome.kind === 'failure') return outcome;
    const answer = outcome.value as { readonly access_token?: unknown; readonly expires_in?: unknown } | null;
    const { access_token: token, expires_in: lifetime } = answer ?? {};
    const lifetimeS = secondsOf(lifetime);
    if (typeof token !== 'string' || flawOfSecret('token', token) !== null || lifetimeS === null) {
      const problem = lifetimeS === null ? 'positive expires_in' : 'access_token that could be one';
      const failure = callFailure({
        code: 'malformed_token_response',
        message: `the answer of the token endpoint holds no ${problem}`,
        remedy: 'check what source.baseUrl points at, then run again',
        observedAt: outcome.receivedAt,
      });
      return { kind: 'failure', failure };
    }
    call.onSecret(token);
    this.#remember(appId, token, lifetimeS);
    return { kind: 'token', token };
  }

  /** WeChat now and then misses an app id that was sent (41002): the request is repeated once after a wait. */
  async #call(asked: ReturnType<TokenRequest>, { limit }: TokenCall): Promise<CallOutcome> {
    const request = { endpoint: 'token', credentials: 'appSecret', ...asked } as const;
    const outcome = await this.#client.call(request, limit);
    const isMissed = outcome.kind === 'failure' && outcome.failure.code === '41002';
    if (!isMissed || limit.leftMs() <= MISSED_WAIT_MS) return outcome;
    await this.#timer.sleep(MISSED_WAIT_MS, limit.signal);
    return this.#client.call(request, limit);
  }

  #remember(appId: string, token: string, lifetimeS: number): void {
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
    const usableUntil = this.#timer.now() + Math.min(lifetimeS, MAX_LIFETIME_S) * 1000 - SPARE_MS;
    this.#cache.set(appId, { token, usableUntil });
  }
}

export interface AppSecretTokenOptions {
  readonly client: WechatClient;
  readonly timer: Timer;
  readonly clock: Clock;
}

const MISSED_WAIT_MS = 2_000;
/** WeChat's tokens live two hours; a longer promise is not believed. */
const MAX_LIFETIME_S = 7_200;
/** A token is not taken from the cache in its last minute, in milliseconds. */
const SPARE_MS = 60_000;
/** Accounts whose tokens are remembered; a run asks for each account once, so more would only cost memory. */
const MAX_CACHED = 1_000;

/** A positive number of seconds; proxies in front of WeChat give `"7200"` as text. */
function secondsOf(lifetime: unknown): number | null {
  const isDigits = typeof lifetime === 'string' && /^\d{1,9}$/.test(lifetime);
  const seconds = Number(isDigits ? lifetime : numberLiteral(lifetime));
  return seconds > 0 ? seconds : null;
}
