import type { Timer } from '../../clock.ts';
import type { Micros } from '../../instant.ts';
import { numberLiteral } from '../../normalize/exact-json.ts';
import { type CallFailure, callFailure } from '../call-outcome.ts';
import { flawOfSecret } from './secret-text.ts';

/** A token as WeChat gave it. */
export interface IssuedToken {
  readonly token: string;
  /** `expires_in`, in seconds; positive. */
  readonly lifetimeS: number;
}

/** Reads the token `member` and its lifetime from the answer of a token endpoint. */
export function readIssuedToken(answer: unknown, member: string, observedAt: Micros): IssuedToken | CallFailure {
  const { [member]: token, expires_in: lifetime } = (answer ?? {}) as Readonly<Record<string, unknown>>;
  const lifetimeS = secondsOf(lifetime);
  if (isToken(token) && lifetimeS !== null) return { token, lifetimeS };
  return malformedToken(lifetimeS === null ? 'positive expires_in' : `${member} that could be one`, observedAt);
}

/** True for a text that {@link flawOfSecret} finds no fault with. */
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

/**
 * How long a token may be used, in milliseconds: its lifetime, two hours at most, less the last
 * minute.
 */
export function usableMs({ lifetimeS }: IssuedToken): number {
  return Math.min(lifetimeS, MAX_LIFETIME_S) * 1000 - SPARE_MS;
}

/** The access tokens of this run by account, as long as they may be used. */
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

  keep(appId: string, issued: IssuedToken): void {
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= MAX_CACHED && oldest !== undefined) this.#tokens.delete(oldest);
    this.#tokens.set(appId, { token: issued.token, usableUntil: this.#timer.now() + usableMs(issued) });
  }

  drop(appId: string): void {
    this.#tokens.delete(appId);
  }
}

/** WeChat's tokens live two hours; a longer promise is not believed. */
const MAX_LIFETIME_S = 7_200;
/** The end of a token's life, in which it is not used any more. */
const SPARE_MS = 60_000;
/**
 * The most accounts whose tokens are cached: a run fetches each account once, so more would only
 * take memory.
 */
const MAX_CACHED = 1_000;
