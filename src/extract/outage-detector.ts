import type { Timer } from '../clock.ts';
import type { AttemptOutcome } from './call-outcome.ts';
import { sourceDefaults } from './source-defaults.ts';
import type { TimeLimit } from './time-limit.ts';

/** An outage is ongoing when calls have gone unanswered for this long, in milliseconds. */
const OUTAGE_MS = 10_000;
/** ... and this many calls have failed: as many as are in flight by default. */
const OUTAGE_CALLS = sourceDefaults.concurrency;

/**
 * Tells a fault of one call from an outage of WeChat. Repeating a request helps against the first;
 * in an outage it only delays the breaker of the run.
 */
export class OutageDetector {
  readonly #timer: Timer;
  /** When the first of the unanswered attempts was made; null while calls are answered. */
  #since: number | null = null;
  /** The calls that failed since then, each known by its limit. */
  #calls = new WeakSet<TimeLimit>();
  #count = 0;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  get isOngoing(): boolean {
    return this.#since !== null && this.#count >= OUTAGE_CALLS && this.#timer.now() - this.#since >= OUTAGE_MS;
  }

  /**
   * Takes the outcome of an attempt. One that no repetition mends was answered, and so was one that
   * met the rate limit.
   */
  see(call: TimeLimit, outcome: AttemptOutcome, askedAt: number): void {
    if (outcome.kind === 'answer' || outcome.retry === null || outcome.retry === 'rate_limited') {
      this.#since = null;
      this.#calls = new WeakSet();
      this.#count = 0;
      return;
    }
    this.#since ??= askedAt;
    if (this.#calls.has(call)) return;
    this.#calls.add(call);
    this.#count += 1;
  }
}
