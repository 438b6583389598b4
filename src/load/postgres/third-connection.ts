import { abortable } from '../../abortable.ts';
import type { Connector } from './connector.ts';
import { WorkConnection } from './work-connection.ts';

/**
 * A connection that a run can do without: the server, the role or a pooler may allow only two. When it cannot be opened once,
 * nobody tries it again.
 */
export class ThirdConnection implements AsyncDisposable {
  readonly work: WorkConnection;
  readonly #disposed = new AbortController();
  readonly #opening: Promise<void>;
  #isOpen = false;

  /** Begins to open the connection. */
  constructor(connector: Connector) {
    const open = async (signal: AbortSignal) => {
      try {
        return await connector.open(signal);
      } catch (error) {
        this.#isOpen = false;
        throw error;
      }
    };
    this.work = new WorkConnection(open);
    this.#opening = this.work.assertAnswers(this.#disposed.signal).then(
      () => {
        this.#isOpen = true;
      },
      () => {},
    );
  }

  /** False until its first answer; false for good when it cannot be opened, or not be opened again. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Like {@link reopen}, once it is known whether it could be opened at all. */
  async opened(signal: AbortSignal): Promise<boolean> {
    await abortable(this.#opening, signal);
    return this.reopen(signal);
  }

  /** Opens it again where it was closed meanwhile; false, and no error, when that fails or it was never open. */
  async reopen(signal: AbortSignal): Promise<boolean> {
    if (this.#isOpen) await this.work.connect(signal).catch(() => signal.throwIfAborted());
    return this.#isOpen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort(new Error('Connection terminated: the target is closed'));
    await this.#opening;
    await this.work[Symbol.asyncDispose]();
  }
}
