import type { Clock, Timer } from '../clock.ts';
import { messageOf } from '../error-text.ts';
import { isScenedimError, ScenedimError } from '../errors.ts';
import { numberLiteral } from '../normalize/exact-json.ts';
import { type CallFailure, callFailure } from './call-outcome.ts';
import { CREDENTIALS_UNUSABLE, type SecretReader, type SourceAccount } from './scene-source.ts';
import { flawOfSecret } from './secret-text.ts';
import type { TimeLimit } from './time-limit.ts';
import type { WechatClient } from './wechat-client.ts';

/**
 * Where the access token of an account comes from. A token that somebody else maintains is used as it is. With an app secret,
 * `POST /cgi-bin/stable_token` is asked in normal mode, which gives the same token while it lives. `GET /cgi-bin/token` is
 * never called and `force_refresh` never set: both would kill the token that the customer's production uses.
 */
export class AccountTokens {
  readonly #client: WechatClient;
  readonly #timer: Timer;
  readonly #clock: Clock;
  readonly #cache = new Map<string, { readonly token: string; readonly usableUntil: number }>();

  constructor({ client, timer, clock }: AccountTokensOptions) {
    this.#client = client;
    this.#timer = timer;
    this.#clock = clock;
  }

  /** The token of the account: read, taken from the cache of this run, or asked for at WeChat. */
  async current(account: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    const cached = this.#cache.get(account.appId);
    if (cached === undefined || cached.usableUntil <= this.#timer.now()) return this.again(account, call);
    call.onSecret(cached.token);
    return { kind: 'token', token: cached.token };
  }

  /** The token after WeChat refused one: read or asked for again, in normal mode. It may be the same. */
  async again({ appId, credentials }: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    this.#cache.delete(appId);
    if (credentials === undefined)
      return this.#unusable(appId, 'it has no credentials', 'give the account an accessToken or an appSecret');
    if ('accessToken' in credentials) return this.#read(appId, 'access token', credentials.accessToken, call);
    const secret = await this.#read(appId, 'app secret', credentials.appSecret, call);
    return secret.kind === 'failure' ? secret : this.#stableToken(appId, secret.token, call);
  }

  async #read(appId: string, what: string, reader: SecretReader, call: TokenCall): Promise<TokenOutcome> {
    let secret: string;
    try {
      secret = await reader(call.limit.signal);
    } catch (error) {
      call.limit.signal.throwIfAborted();
      const remedy = error instanceof ScenedimError ? error.remedy : undefined;
      const why = `its ${what} cannot be read: ${messageOf(error)}`;
      if (isScenedimError(error, 'source_unreachable')) return this.#unreachable(why, remedy ?? null);
      return this.#unusable(appId, why, remedy);
    }
    call.onSecret(secret);
    const flaw = flawOfSecret(what, secret);
    return flaw === null ? { kind: 'token', token: secret } : this.#unusable(appId, flaw.message, flaw.remedy);
  }

  async #stableToken(appId: string, secret: string, call: TokenCall): Promise<TokenOutcome> {
    const json = { grant_type: 'client_credential', appid: appId, secret, force_refresh: false };
    const asked = { endpoint: 'token', credentials: 'appSecret' } as const;
    const request = { ...asked, method: 'POST', path: '/cgi-bin/stable_token', json } as const;
    let outcome = await this.#client.call(request, call.limit);
    if (outcome.kind === 'failure' && outcome.failure.code === '41002' && call.limit.leftMs() > MISSED_WAIT_MS) {
      await this.#timer.sleep(MISSED_WAIT_MS, call.limit.signal);
      outcome = await this.#client.call(request, call.limit);
    }
    if (outcome.kind === 'failure') return outcome;
    const answer = outcome.value as { readonly access_token?: unknown; readonly expires_in?: unknown } | null;
    const { access_token: token, expires_in: lifetime } = answer ?? {};
    const lifetimeS = secondsOf(lifetime);
    if (typeof token !== 'string' || flawOfSecret('token', token) !== null || lifetimeS === null) {
      const problem = lifetimeS === null ? 'positive expires_in' : 'access_token that could be one';
      const failure = callFailure({
        code: 'malformed_token_response',
        message: `the answer of stable_token holds no ${problem}`,
        remedy: 'check what source.baseUrl points at, then run again',
        observedAt: outcome.receivedAt,
      });
      return { kind: 'failure', failure };
    }
    call.onSecret(token);
    this.#remember(appId, token, lifetimeS);
    return { kind: 'token', token };
  }

  #remember(appId: string, token: string, lifetimeS: number): void {
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest);
    const usableUntil = this.#timer.now() + Math.min(lifetimeS, MAX_LIFETIME_S) * 1000 - SPARE_MS;
    this.#cache.set(appId, { token, usableUntil });
  }

  #unreachable(message: string, remedy: string | null): TokenOutcome {
    const failure = callFailure({
      code: 'credentials_unreachable',
      errorClass: 'transient',
      message,
      remedy,
      unreachable: true,
      observedAt: this.#clock.now(),
    });
    return { kind: 'failure', failure };
  }

  #unusable(appId: string, why: string, remedy?: string | null): TokenOutcome {
    const failure = callFailure({
      code: CREDENTIALS_UNUSABLE,
      errorClass: 'configuration',
      message: why,
      remedy: remedy ?? `check the credentials of ${appId} in source.accounts`,
      credentialsRefused: true,
      observedAt: this.#clock.now(),
    });
    return { kind: 'failure', failure };
  }
}

/** A token that may be used now, or why there is none. */
export type TokenOutcome =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'failure'; readonly failure: CallFailure };

/** What a request for a token is made with. */
export interface TokenCall {
  /** The time of the account. */
  readonly limit: TimeLimit;
  /** Told every secret before it is used, so that it can be redacted. */
  readonly onSecret: (secret: string) => void;
}

export interface AccountTokensOptions {
  readonly client: WechatClient;
  readonly timer: Timer;
  readonly clock: Clock;
}

/** WeChat now and then misses an app id that was sent (41002): the request is repeated once after this wait. */
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
