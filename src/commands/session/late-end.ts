import { setTimeout as delay } from 'node:timers/promises';

/** How long those who watch a run may take to hear that it did not end: files take less, and nobody is waited for. */
export const LAST_WORDS_MS = 1_000;

type ShowEnd = (error: unknown, status: number) => Promise<void> | void;
type TellEnd = (error: unknown, status: number) => Promise<boolean>;

/** The end of a process whose work does not end: a database that stalls would be waited for without end. */
export class LateEnd {
  /** Shows the error when no run tells it. */
  readonly #show: ShowEnd;
  readonly #exit: (status: number) => void;
  #tell: TellEnd | undefined;
  #isEnding = false;

  constructor(show: ShowEnd, exit: (status: number) => void) {
    this.#show = show;
    this.#exit = exit;
  }

  /** From now on `tell` says how the run ended, to everybody who watches it; it resolves with false when it does not. */
  watch(tell: TellEnd): void {
    this.#tell = tell;
  }

  /**
   * Ends the process with this status, after at most {@link LAST_WORDS_MS}; the first call counts. `show` shows the error when
   * no run tells it.
   */
  async end(error: unknown, status: number, show: ShowEnd = this.#show): Promise<void> {
    // Defects come in twos: the second would end the process before the first is told.
    if (this.#isEnding) return;
    this.#isEnding = true;
    try {
      const told = this.#tell?.(error, status).catch(() => false) ?? false;
      if (!(await Promise.race([told, delay(LAST_WORDS_MS, false)]))) await show(error, status);
    } finally {
      this.#exit(status);
    }
  }
}
