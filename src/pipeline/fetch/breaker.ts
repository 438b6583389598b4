import { abortable } from '../../abortable.ts';
import type { Timer } from '../../clock.ts';
import { ScenedimError } from '../../errors.ts';
import {
  CREDENTIALS_UNREACHABLE,
  CREDENTIALS_UNUSABLE,
  type FetchFailure,
  type FetchResult,
  type SourceAccount,
} from '../../extract/scene-source.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { Logger } from '../run/run-context.ts';

/** How many accounts in a row without an answer stop the fetching. */
const STREAK = 20;

/** How long to wait before each attempt to go on, in milliseconds. */
const WAITS_MS = [15_000, 15_000, 15_000] as const;

/**
 * Stops a run whose source is down, instead of asking thousands of accounts in vain. It stands between
 * the accounts to ask and the results. A failure that says nothing about its account (unreachable,
 * busy) is held back until another account is answered. After {@link STREAK} of them no account is
 * asked, but for one after each of {@link WAITS_MS}. An answer lets the run go on, and those that
 * failed meanwhile are asked again; when there is none, the run ends.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  /** Accounts to ask before those of the list. */
  readonly #queue: SourceAccount[] = [];
  readonly #asked = new Map<string, SourceAccount>();
  /** The streak. */
  readonly #held = new Map<string, HeldFailure>();
  /** When the streak began. */
  #downSince: Micros | null = null;
  #inFlight = 0;
  #isOpen = false;
  #wasAnswered = false;
  #error: ScenedimError | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Why the run ends; null while it does not. */
  get error(): ScenedimError | null {
    return this.#error;
  }

  /** The accounts to ask, each when it may be asked. Every result must be given to {@link see}. */
  async *feed(accounts: AsyncGenerator<SourceAccount>): AsyncGenerator<SourceAccount> {
    let isListed = false;
    const take = async (): Promise<SourceAccount | undefined> => {
      const queued = this.#queue.shift();
      if (queued !== undefined || isListed) return queued;
      const next = await accounts.next();
      if (next.done !== true) return next.value;
      isListed = true;
      return undefined;
    };
    try {
      while (this.#error === null) {
        if (this.#isOpen) {
          yield* this.#attempts(take);
          continue;
        }
        const account = await take();
        if (account === undefined) {
          if (this.#inFlight > 0) await this.#nextResult();
          else if (this.#isCutShort) this.#open();
          else if (!this.#isOpen && this.#queue.length === 0) return;
        } else if (this.#isOpen) this.#queue.unshift(account);
        else yield this.#ask(account);
      }
    } finally {
      await accounts.return(undefined);
    }
  }

  /** Takes note of a result, and gives those that count now: none, this one, or those held back before it as well. */
  see(result: FetchResult): readonly FetchResult[] {
    const account = this.#asked.get(result.appId);
    this.#asked.delete(result.appId);
    this.#held.delete(result.appId);
    this.#inFlight -= 1;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
    // An account that is listed twice may come back twice.
    if (account === undefined || isNothingAsked(result)) return [result];
    if (!isDown(result)) return [...this.#recover(), result];
    this.#hold({ account, failure: result });
    return [];
  }

  /** The failures that are held back when the run ends. */
  rest(): readonly FetchFailure[] {
    return [...this.#held.values()].map(({ failure }) => failure);
  }

  #ask(account: SourceAccount): SourceAccount {
    this.#asked.set(account.appId, account);
    this.#inFlight += 1;
    return account;
  }

  #hold(held: HeldFailure): void {
    this.#held.set(held.account.appId, held);
    const { observedAt } = held.failure;
    if (this.#downSince === null || observedAt < this.#downSince) this.#downSince = observedAt;
    if (!this.#isOpen && this.#held.size >= STREAK) this.#open();
  }

  #open(): void {
    this.#isOpen = true;
    this.#options.logger.warn({ since: this.#since() }, `${this.#source} does not answer: nobody is asked for a while`);
  }

  /**
   * True for a streak of few accounts that were not asked as often as they might have been, since
   * nobody was answered.
   */
  get #isCutShort(): boolean {
    return !this.#isOpen && !this.#wasAnswered && this.rest().some(({ cutShort }) => cutShort === true);
  }

  /** Ends the streak. Gives the failures of one too short to blame the source; the accounts of a longer one are asked again. */
  #recover(): readonly FetchFailure[] {
    this.#wasAnswered = true;
    const source = this.#source;
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#downSince = null;
    const isAgain = ({ failure }: HeldFailure) => this.#isOpen || failure.cutShort === true;
    const again = held.filter(isAgain);
    this.#queue.push(...again.map(({ account }) => account));
    const failures = held.filter((one) => !isAgain(one)).map(({ failure }) => failure);
    if (this.#isOpen) this.#options.logger.warn({ again: again.length }, `${source} answers again`);
    this.#isOpen = false;
    return failures;
  }

  /**
   * When everybody in flight is back: one account after each wait, a new one if there is any, else one of the streak. When all
   * have been asked and some were answered, the streak may be the slow failures among them, which say nothing of the source.
   */
  async *#attempts(take: () => Promise<SourceAccount | undefined>): AsyncGenerator<SourceAccount> {
    const { timer, signal } = this.#options;
    while (this.#inFlight > 0) await this.#nextResult();
    if (!this.#isOpen) return;
    const next = await take();
    if (next !== undefined) this.#queue.unshift(next);
    else if (this.#wasAnswered) {
      this.#isOpen = false;
      return;
    }
    let since = timer.now();
    for (const waitMs of WAITS_MS) {
      if (!this.#isOpen) return;
      const leftMs = since + waitMs - timer.now();
      if (leftMs > 0) await timer.sleep(leftMs, signal);
      since = timer.now();
      const account = (await take()) ?? this.#held.values().next().value?.account;
      if (account === undefined) break;
      yield this.#ask(account);
      while (this.#inFlight > 0) await this.#nextResult();
    }
    if (this.#isOpen) this.#error = this.#giveUp();
  }

  #giveUp(): ScenedimError {
    const message = `${this.#source} has given no usable answer since ${this.#since()}: ${this.#held.size} accounts failed one after the other, and ${WAITS_MS.length} attempts to go on did, too`;
    const remedy = this.rest().at(-1)?.remedy ?? undefined;
    return new ScenedimError('source_unreachable', message, { remedy });
  }

  /** What is down: the source, or whatever gives the credentials with which it would be asked. */
  get #source(): string {
    const failures = this.rest();
    const isWithoutCredentials = failures.length > 0 && failures.every(({ code }) => code === CREDENTIALS_UNREACHABLE);
    if (isWithoutCredentials) return 'what gives the credentials';
    return this.#options.host ?? 'the source';
  }

  #since(): string {
    return this.#downSince === null ? 'its start' : formatInstant(this.#downSince);
  }

  async #nextResult(): Promise<void> {
    await abortable(this.#changed.promise, this.#options.signal);
  }
}

export interface BreakerOptions {
  /** Where the source asks, for messages. */
  readonly host: string | undefined;
  readonly timer: Timer;
  readonly logger: Logger;
  /** Aborted when the run is stopped. */
  readonly signal: AbortSignal;
}

interface HeldFailure {
  readonly account: SourceAccount;
  readonly failure: FetchFailure;
}

/** True for a failure that says that nothing answers, or that what does is busy. */
function isDown(result: FetchResult): result is FetchFailure {
  return result.kind === 'failure' && (result.unreachable || result.errorClass === 'transient');
}

/** True for an account that was not asked about: it tells nothing about the source. */
function isNothingAsked(result: FetchResult): boolean {
  return result.kind === 'failure' && (result.code === CREDENTIALS_UNUSABLE || result.unasked === true);
}
