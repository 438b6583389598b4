import type { Timer } from '../../clock.ts';
import type { Micros } from '../../instant.ts';
import { numberLiteral } from '../../normalize/exact-json.ts';
import { type CallFailure, callFailure } from '../call-outcome.ts';
import { flawOfSecret } from './secret-text.ts';

/** A token as WeChat gave it. */
export interface IssuedToken {
  readonly token: string;
  readonly lifetimeS: number;
}

/** Reads the token `member` and its lifetime from the answer of a token endpoint. */
export function readIssuedToken(answer: unknown, member: string, observedAt: Micros): IssuedToken | CallFailure {
  const { [member]: token, expires_in: lifetime } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const lifetimeS = secondsOf(lifetime);
  if (isToken(token) && lifetimeS !== null) return { token, lifetimeS };
  return malformedToken(lifetimeS === null ? 'positive expires_in' : `${member} that could be one`, observedAt);
}

export function isToken(value: unknown): value is string {
  return typeof value === 'string' && flawOfSecret('token', value) === null;
}

/** The failure for an answer of a token endpoint that lacks something. */
export function malformedToken(lacks: string, observedAt: Micros): CallFailure {
  return callFailure({
    code: 'malformed_token_response',
    message: `the answer of the token endpoint holds no ${lacks}`,
    remedy: 'check what source.baseUrl points at, then run again',
    observedAt,
  });
}

/** A positive number of seconds; proxies in front of WeChat give `"7200"` as text. */
function secondsOf(lifetime: unknown): number | null {
  const isDigits = typeof lifetime === 'string' && /^\d{1,9}$/.test(lifetime);
  const seconds = Number(isDigits ? lifetime : numberLiteral(lifetime));
  return seconds > 0 ? seconds : null;
}

/** The tokens of this run by account, as long as they live. */
export class TokenCache {
  readonly #timer: Timer;
  readonly #tokens = new Map<string, { readonly token: string; readonly usableUntil: number }>();

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  get(appId: string): string | null {
    const cached = this.#tokens.get(appId);
    return cached === undefined || cached.usableUntil <= this.#timer.now() ? null : cached.token;
  }

  keep(appId: string, { token, lifetimeS }: IssuedToken): void {
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= MAX_CACHED && oldest !== undefined) this.#tokens.delete(oldest);
    const usableUntil = this.#timer.now() + Math.min(lifetimeS, MAX_LIFETIME_S) * 1000 - SPARE_MS;
    this.#tokens.set(appId, { token, usableUntil });
  }

  drop(appId: string): void {
    this.#tokens.delete(appId);
  }
}

/** WeChat's tokens live two hours; a longer promise is not believed. */
const MAX_LIFETIME_S = 7_200;
/** A token is not taken from the cache in its last minute, in milliseconds. */
const SPARE_MS = 60_000;
/** Accounts whose tokens are remembered; a run asks for each account once, so more would only cost memory. */
const MAX_CACHED = 1_000;
