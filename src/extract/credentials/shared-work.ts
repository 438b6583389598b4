import { abortable } from '../../abortable.ts';
import type { Clock, Timer } from '../../clock.ts';
import type { Redactor } from '../../secrets/redact.ts';
import { type CallRefused, outOfTime } from '../call-outcome.ts';
import { type TimeLimit, TimeLimitReached, withTimeLimit } from '../time-limit.ts';
import type { TokenCall } from './token-provider.ts';

/**
 * Work that goes on when the account that began it gives up, because others wait for it, or because
 * its result must be stored. Disposing waits up to three seconds for work under way, then aborts
 * it.
 */
export class SharedWork implements AsyncDisposable {
  readonly #options: SharedWorkOptions;
  readonly #ending = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(options: SharedWorkOptions) {
    this.#options = options;
  }

  /** Aborted when work under way is given up. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Begins some work. The secrets that it tells are redacted until it ends. */
  begin<T>(work: (call: TokenCall) => Promise<T>): Promise<T | CallRefused> {
    const begun = this.#runWithin(work);
    this.#underWay.add(begun);
    const forget = (): void => void this.#underWay.delete(begun);
    begun.then(forget, forget);
    return begun;
  }

  /** Begins some work and waits for it: {@link begin} and {@link waitFor}. */
  run<T>(call: TokenCall, work: (call: TokenCall) => Promise<T>): Promise<T | CallRefused> {
    return this.waitFor(call, this.begin(work));
  }

  /**
   * Waits for work until the account gives up. The wait takes nothing from the time of the account.
   */
  waitFor<T>({ limit }: TokenCall, begun: Promise<T>): Promise<T> {
    return limit.pauseDuring(() => abortable(begun, limit.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#underWay.size > 0) await this.#ended();
    this.#ending.abort(new DOMException('the source is closed', 'AbortError'));
    await Promise.allSettled(this.#underWay);
  }

  /** Resolves when no work is under way, or after {@link ENDING_MS}. */
  async #ended(): Promise<void> {
    const ended = new AbortController();
    void Promise.allSettled(this.#underWay).then(() => ended.abort());
    await this.#options.timer.sleep(ENDING_MS, ended.signal).catch(() => undefined);
  }

  async #runWithin<T>(work: (call: TokenCall) => Promise<T>): Promise<T | CallRefused> {
    const { redactor, totalTimeoutMs, timer, clock } = this.#options;
    using secrets = new DisposableStack();
    const onSecret = (secret: string) => void secrets.use(redactor.register(secret));
    try {
      const limited = (_signal: AbortSignal, limit: TimeLimit) => work({ limit, onSecret });
      return await withTimeLimit(this.#ending.signal, totalTimeoutMs, limited, timer);
    } catch (error) {
      if (!(error instanceof TimeLimitReached)) throw error;
      return { kind: 'failure', failure: outOfTime(error.limitMs, clock.now()) };
    }
  }
}

export interface SharedWorkOptions {
  readonly redactor: Redactor;
  /** For one piece of work, in milliseconds. */
  readonly totalTimeoutMs: number;
  readonly timer: Timer;
  readonly clock: Clock;
}

/** How long work under way may still take when the source is closed, in milliseconds. */
const ENDING_MS = 3_000;
