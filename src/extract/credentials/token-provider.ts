import type { CallRefused } from '../call-outcome.ts';
import type { AccountCredentials } from '../scene-source.ts';
import type { TimeLimit } from '../time-limit.ts';

/** One way to come by the access token of an account. */
export interface TokenProvider<Credentials extends AccountCredentials> {
  /** The token of the account: read, taken from the cache of this run, or asked for at WeChat. */
  current(account: AccountWith<Credentials>, call: TokenCall): Promise<TokenOutcome>;
  /** The token after WeChat refused one. It may be the same; a new one is asked for at most once. */
  again(account: AccountWith<Credentials>, call: TokenCall): Promise<TokenOutcome>;
}

export interface AccountWith<Credentials extends AccountCredentials> {
  readonly appId: string;
  readonly credentials: Credentials;
}

/** A token that may be used now, or why there is none. */
export type TokenOutcome = { readonly kind: 'token'; readonly token: string } | CallRefused;

/** What a request for a token is made with. */
export interface TokenCall {
  /** The time that the account has left, and its signal. */
  readonly limit: TimeLimit;
  /** Told every secret before it is used, so that it can be redacted. */
  readonly onSecret: (secret: string) => void;
}

/**
 * How long to wait before a request is repeated as it was, in milliseconds. Now and then WeChat
 * refuses a good token, or misses an app id that was sent (41002), and takes the same request a
 * moment later.
 */
export const SECOND_TRY_WAIT_MS = 2_000;
