import { NumbersByIndex } from './numbers-by-index.ts';

/** Microseconds that a token lives. */
export const TOKEN_LIFETIME = 7_200_000_000;
/** Microseconds for which the token before may live beside a new one. */
export const TOKEN_OVERLAP = 300_000_000;

export interface IssuedToken {
  /** How many tokens of this kind the owner was given with this one. */
  readonly generation: number;
  /** Microseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * The tokens of one kind: the newest of each owner and the one before. An owner is known by its
 * index.
 */
export class TokenHistory {
  readonly #generations = new NumbersByIndex();
  readonly #expiries = new NumbersByIndex();
  readonly #before = new Map<number, IssuedToken>();

  newest(owner: number): IssuedToken | undefined {
    const generation = this.#generations.get(owner);
    return generation === 0 ? undefined : { generation, expiresAt: this.#expiries.get(owner) };
  }

  /** A new token. The one before lives to its end, for the overlap at most, or dies at once. */
  issue(owner: number, now: number, before: 'lives' | 'ends_soon' | 'dies'): IssuedToken {
    const last = this.newest(owner);
    if (last === undefined || before === 'dies') this.#before.delete(owner);
    else if (before === 'lives') this.#before.set(owner, last);
    else this.#before.set(owner, { ...last, expiresAt: Math.min(last.expiresAt, now + TOKEN_OVERLAP) });
    const token = { generation: (last?.generation ?? 0) + 1, expiresAt: now + TOKEN_LIFETIME };
    this.#generations.set(owner, token.generation);
    this.#expiries.set(owner, token.expiresAt);
    return token;
  }

  /** Undefined for a token that was not given, or is dead. */
  find(owner: number, generation: number): IssuedToken | undefined {
    return [this.newest(owner), this.#before.get(owner)].find((token) => token?.generation === generation);
  }
}
