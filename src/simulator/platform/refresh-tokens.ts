import { hash } from 'node:crypto';
import { NumbersByIndex } from '../accounts/numbers-by-index.ts';

/**
 * `overlap`: the newest two tokens are valid. `strict`: only the newest is. `keep`: an account has
 * one token for good.
 */
export type RefreshTokenMode = 'overlap' | 'strict' | 'keep';

/**
 * The refresh tokens of the accounts. Using one gives the next, so with `overlap` a token dies when
 * its successor is used.
 */
export class RefreshTokens {
  readonly #mode: RefreshTokenMode;
  /** How often the token of an account was replaced. */
  readonly #rotations = new NumbersByIndex();
  /** Up to which rotation all are dead since the account came back. */
  readonly #deadBelow = new Map<number, number>();

  constructor(mode: RefreshTokenMode) {
    this.#mode = mode;
  }

  newest(account: number, appId: string): string {
    return tokenText(appId, this.#rotations.get(account));
  }

  isAlive(account: number, appId: string, token: string): boolean {
    const newest = this.#rotations.get(account);
    const taken = this.#mode === 'overlap' ? [newest, newest - 1] : [newest];
    const deadBelow = this.#deadBelow.get(account) ?? 0;
    return taken.some((rotation) => rotation >= deadBelow && token === tokenText(appId, rotation));
  }

  /** A token was used; another takes its place unless the mode is `keep`. */
  used(account: number): void {
    if (this.#mode !== 'keep') this.#rotations.set(account, this.#rotations.get(account) + 1);
  }

  /** The account authorised the platform anew: all tokens from before are dead. */
  restart(account: number): void {
    const rotation = this.#rotations.get(account) + 1;
    this.#rotations.set(account, rotation);
    this.#deadBelow.set(account, rotation);
  }
}

function tokenText(appId: string, rotation: number): string {
  return `refreshtoken@@@${hash('sha256', `${appId} refresh ${rotation}`, 'base64url')}`;
}
