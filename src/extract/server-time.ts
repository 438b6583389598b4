import type { Timer } from '../clock.ts';
import { parseHttpDate } from '../http-date.ts';
import type { Micros } from '../instant.ts';

/** What time it is by the API: the newest `Date` of its answers, and what has passed since. */
export class ServerTime {
  readonly #timer: Timer;
  /** The time of the API when the timer was at zero; null until an answer told it. */
  #origin: Micros | null = null;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  /** Notes the `Date` header of an answer; one that is missing or malformed tells nothing. */
  see(date: string | null): void {
    const told = date === null ? undefined : parseHttpDate(date);
    if (told === undefined) return;
    const origin = told - this.#elapsed();
    if (this.#origin === null || origin > this.#origin) this.#origin = origin;
  }

  /** Null while no answer told the time. */
  now(): Micros | null {
    return this.#origin === null ? null : this.#origin + this.#elapsed();
  }

  #elapsed(): Micros {
    return BigInt(Math.round(this.#timer.now() * 1000));
  }
}
