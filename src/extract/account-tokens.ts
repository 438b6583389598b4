import type { Timer } from '../clock.ts';
import { ScenedimError } from '../errors.ts';
import type { Micros } from '../instant.ts';
import { type CallFailure, callFailure } from './call-outcome.ts';
import { CREDENTIALS_UNUSABLE, type SecretReader, type SourceAccount } from './scene-source.ts';
import type { WechatClient } from './wechat-client.ts';

/** A token that may be used now, or why there is none. */
export type TokenOutcome =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'failure'; readonly failure: CallFailure };

/** What a request for a token is made with. */
export interface TokenCall {
  /** When the account's time is over, in milliseconds of the timer. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Told every secret before it is used, so that it can be redacted. */
  readonly onSecret: (secret: string) => void;
}

/** Where the access token of an account comes from. */
export interface AccountTokens {
  /** The token of the account: read, taken from the cache of this run, or asked for at WeChat. */
  current(account: SourceAccount, call: TokenCall): Promise<TokenOutcome>;
  /** The token after WeChat refused one: read or asked for again, in normal mode. It may be the same. */
  again(account: SourceAccount, call: TokenCall): Promise<TokenOutcome>;
}

/** WeChat's tokens live two hours; a longer promise is not believed. */
const MAX_LIFETIME_S = 7_200;
/** A token is not taken from the cache in its last minute, in milliseconds. */
const SPARE_MS = 60_000;
/** Accounts whose tokens are remembered; a run asks for each account once, so more would only cost memory. */
const MAX_CACHED = 1_000;

export interface AccountTokensOptions {
  readonly client: WechatClient;
  readonly timer: Timer;
  readonly clock: { now(): Micros };
}

/**
 * Tokens that somebody else maintains are used as they are; for an app secret `POST /cgi-bin/stable_token` is asked in normal
 * mode, which gives the same token while it lives. `GET /cgi-bin/token` is never called and `force_refresh` never set: both
 * would kill the token that the customer's production uses.
 */
export function createAccountTokens({ client, timer, clock }: AccountTokensOptions): AccountTokens {
  const cache = new Map<string, { readonly token: string; readonly usableUntil: number }>();

  async function current(account: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    const cached = cache.get(account.appId);
    if (cached === undefined || cached.usableUntil <= timer.now()) return again(account, call);
    call.onSecret(cached.token);
    return { kind: 'token', token: cached.token };
  }

  async function again({ appId, credentials }: SourceAccount, call: TokenCall): Promise<TokenOutcome> {
    cache.delete(appId);
    if (credentials === undefined)
      return unusable(appId, 'it has no credentials', 'give the account an accessToken or an appSecret');
    if ('accessToken' in credentials) return read(appId, 'access token', credentials.accessToken, call);
    const secret = await read(appId, 'app secret', credentials.appSecret, call);
    return secret.kind === 'failure' ? secret : stableToken(appId, secret.token, call);
  }

  async function read(appId: string, what: string, reader: SecretReader, call: TokenCall): Promise<TokenOutcome> {
    let secret: string;
    try {
      secret = await reader(call.signal);
    } catch (error) {
      call.signal.throwIfAborted();
      const remedy = error instanceof ScenedimError ? error.remedy : undefined;
      return unusable(
        appId,
        `its ${what} cannot be read: ${error instanceof Error ? error.message : 'no reason given'}`,
        remedy,
      );
    }
    call.onSecret(secret);
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      return unusable(
        appId,
        `its ${what} is empty or holds spaces, line ends or other characters that none has`,
        undefined,
      );
    }
    return { kind: 'token', token: secret };
  }

  async function stableToken(appId: string, secret: string, call: TokenCall): Promise<TokenOutcome> {
    const json = { grant_type: 'client_credential', appid: appId, secret, force_refresh: false };
    const request = { endpoint: 'token', method: 'POST', path: '/cgi-bin/stable_token', json } as const;
    const outcome = await client.call(request, call.deadline, call.signal);
    if (outcome.kind === 'failure') return outcome;
    const answer = outcome.value as { readonly access_token?: unknown; readonly expires_in?: unknown } | null;
    const { access_token: token, expires_in: lifetime } = answer ?? {};
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || typeof lifetime !== 'number' || !(lifetime > 0)) {
      const failure = callFailure({
        code: 'malformed_token_response',
        message: 'the answer of stable_token holds no access_token with a positive expires_in',
        remedy: 'check what source.baseUrl points at, then run again',
        observedAt: outcome.receivedAt,
      });
      return { kind: 'failure', failure };
    }
    call.onSecret(token);
    const [oldest] = cache.keys();
    if (cache.size >= MAX_CACHED && oldest !== undefined) cache.delete(oldest);
    cache.set(appId, { token, usableUntil: timer.now() + Math.min(lifetime, MAX_LIFETIME_S) * 1000 - SPARE_MS });
    return { kind: 'token', token };
  }

  function unusable(appId: string, why: string, remedy: string | undefined): TokenOutcome {
    const failure = callFailure({
      code: CREDENTIALS_UNUSABLE,
      errorClass: 'configuration',
      message: why,
      remedy: remedy ?? `check the credentials of ${appId} in source.accounts`,
      credentialsRefused: true,
      observedAt: clock.now(),
    });
    return { kind: 'failure', failure };
  }

  return { current, again };
}
