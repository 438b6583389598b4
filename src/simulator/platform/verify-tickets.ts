import { hash } from 'node:crypto';
import type { Micros } from '../../instant.ts';

const PUSHED_EVERY: Micros = 600_000_000n;
const LIFETIME: Micros = 43_200_000_000n;

/** The tickets that WeChat pushes to a platform every 10 minutes; each lives for 12 hours. */
export class VerifyTickets {
  readonly #componentAppId: string;
  readonly #now: () => Micros;
  #number = 1;
  #pushedAt: Micros;
  #expiredUpTo = 0;

  constructor(componentAppId: string, now: () => Micros) {
    this.#componentAppId = componentAppId;
    this.#now = now;
    this.#pushedAt = now();
  }

  /** The newest that was pushed; an expired one after {@link expire}. */
  get newest(): string {
    if (this.#expiredUpTo < this.#number && this.#now() - this.#pushedAt >= PUSHED_EVERY) this.renew();
    return this.#text(this.#number, this.#pushedAt);
  }

  /** WeChat pushes the next one. */
  renew(): void {
    this.#number += 1;
    this.#pushedAt = this.#now();
  }

  /** All tickets so far have expired, and no other comes until {@link renew}. */
  expire(): void {
    this.#expiredUpTo = this.#number;
  }

  inspect(ticket: string): 'valid' | 'expired' | 'invalid' {
    const [, number = '', pushedAt = ''] = /^ticket@@@[\w-]+_(\d+)_(\d+)$/.exec(ticket) ?? [];
    if (number === '' || ticket !== this.#text(Number(number), BigInt(pushedAt))) return 'invalid';
    const isExpired = Number(number) <= this.#expiredUpTo || this.#now() - BigInt(pushedAt) >= LIFETIME;
    return isExpired ? 'expired' : 'valid';
  }

  #text(number: number, pushedAt: Micros): string {
    const seal = hash('sha512', `${this.#componentAppId} ticket ${number} ${pushedAt}`, 'base64url');
    return `ticket@@@${seal}_${number}_${pushedAt}`;
  }
}
