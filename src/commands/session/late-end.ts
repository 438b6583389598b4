import { setTimeout as delay } from 'node:timers/promises';

/** How long those who watch a run may take to hear that it did not end: files take less, and nobody is waited for. */
export const LAST_WORDS_MS = 1_000;

type TellEnd = (error: Error, status: number) => Promise<boolean>;

/** The end of a process whose work does not end: a database that stalls would be waited for without end. */
export class LateEnd {
  /** Shows the error when no run tells it. */
  readonly #show: (error: Error, status: number) => void;
  readonly #exit: (status: number) => void;
  #tell: TellEnd | undefined;

  constructor(show: (error: Error, status: number) => void, exit: (status: number) => void) {
    this.#show = show;
    this.#exit = exit;
  }

  /** From now on `tell` says how the run ended, to everybody who watches it; it resolves with false when it does not. */
  watch(tell: TellEnd): void {
    this.#tell = tell;
  }

  /** Ends the process with this status, after at most {@link LAST_WORDS_MS}. */
  async end(error: Error, status: number): Promise<void> {
    const told = this.#tell?.(error, status).catch(() => false);
    if (told === undefined) this.#show(error, status);
    else if (!(await Promise.race([told, delay(LAST_WORDS_MS, false)]))) this.#show(error, status);
    this.#exit(status);
  }
}
