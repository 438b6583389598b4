import type { RunDigest } from '../../telemetry/run-digest.ts';
import { TERMINATION_LOG, writeTerminationMessage } from '../../telemetry/termination-message.ts';
import type { ErrorDocument } from './error-document.ts';

/** What the process leaves behind in a pod: the summary of a run, else what it was asked and how it ended. */
export class PartingMessage {
  readonly #command: string | undefined;
  readonly #path: string;
  #isLeft = false;

  /** `command` is undefined when there is none of that name. */
  constructor(command: string | undefined, path: string = TERMINATION_LOG) {
    this.#command = command;
    this.#path = path;
  }

  leave(digest: Partial<RunDigest>, problems: readonly unknown[] = []): void {
    this.#isLeft = true;
    writeTerminationMessage(digest, problems, this.#path);
  }

  leaveError(status: number, { error }: ErrorDocument): void {
    this.leave({ ...this.#endOf(status), error });
  }

  /** Unless more was said before. */
  leaveStatus(status: number): void {
    if (!this.#isLeft) this.leave(this.#endOf(status));
  }

  #endOf(status: number): Partial<RunDigest> {
    const command = this.#command === undefined ? {} : { command: this.#command };
    return { ...command, outcome: status === 0 ? 'ok' : 'failed', exit_code: status };
  }
}
