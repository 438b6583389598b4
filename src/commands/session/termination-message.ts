import type { RunSummary } from '../../telemetry/run-summary.ts';
import { TERMINATION_LOG, writeTerminationMessage } from '../../telemetry/write-termination-message.ts';
import type { ErrorDocument } from './error-document.ts';

/** What the process leaves behind in a pod: the summary of a run, else what it was asked and how it ended. */
export class TerminationMessage {
  readonly #command: string | undefined;
  readonly #path: string;
  #isLeft = false;

  /** `command` is undefined when there is none of that name. */
  constructor(command: string | undefined, path: string = TERMINATION_LOG) {
    this.#command = command;
    this.#path = path;
  }

  leave(summary: Partial<RunSummary>, problems: readonly unknown[] = []): void {
    this.#isLeft = true;
    writeTerminationMessage(summary, problems, this.#path);
  }

  leaveError(status: number, { error }: ErrorDocument): void {
    this.leave({ ...this.#endOf(status), error });
  }

  /** Unless more was said before. */
  leaveStatus(status: number): void {
    if (!this.#isLeft) this.leave(this.#endOf(status));
  }

  #endOf(status: number): Partial<RunSummary> {
    const command = this.#command === undefined ? {} : { command: this.#command };
    return { ...command, outcome: status === 0 ? 'ok' : 'failed', exit_code: status };
  }
}
