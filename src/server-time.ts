import type { Timer } from './clock.ts';
import type { Micros } from './instant.ts';

/** The clock of a server: the newest time that it told, and what has passed since. */
export class ServerTime {
  readonly #timer: Timer;
  /** The time of the server when the timer was at zero; null until the server told it. */
  #origin: Micros | null = null;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  /** Notes the time that the server told just now; undefined tells nothing. */
  see(told: Micros | undefined): void {
    if (told === undefined) return;
    const origin = told - this.#elapsed();
    if (this.#origin === null || origin > this.#origin) this.#origin = origin;
  }

  /** Null while the server told no time. */
  now(): Micros | null {
    return this.#origin === null ? null : this.#origin + this.#elapsed();
  }

  #elapsed(): Micros {
    return BigInt(Math.round(this.#timer.now() * 1000));
  }
}
