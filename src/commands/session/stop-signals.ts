import { constants } from 'node:os';
import { parseDuration, requireDuration } from '../../config/duration.ts';
import { ScenedimError } from '../../errors.ts';
import { commonSetting } from './common-setting.ts';
import { LAST_WORDS_MS } from './late-end.ts';
import type { HostProcess } from './session.ts';

/** How long a stop by a signal may take, without `--grace`. */
export const GRACE = '30s';

export interface Ending {
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Ends a process whose clean stop took too long. */
  readonly endLate: (code: number) => void;
  readonly write: (text: string) => void;
}

export interface SignalListener extends Disposable {
  /** The exit status for the signal that came; undefined while none came. */
  readonly stoppedBy: () => number | undefined;
}

/**
 * The first signal stops the command cleanly, and a second one at once. So does the end of `--grace`: a database that stalls
 * would be waited for without end.
 */
export function listenForSignals(
  host: HostProcess,
  stopping: AbortController,
  { exit, endLate, write }: Ending,
): SignalListener {
  let code: number | undefined;
  let deadline: NodeJS.Timeout | undefined;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    host.on(name, () => {
      if (code !== undefined) return exit(code);
      const status = 128 + constants.signals[name];
      code = status;
      if (host.stderr.isTTY === true) write('stopping cleanly; once more to stop at once\n');
      deadline = setTimeout(() => endLate(status), withLastWords(graceMsOf(host)));
      stopping.abort(
        new ScenedimError('interrupted', `stopped by ${name}`, { remedy: 'run it again: it goes on where it stopped' }),
      );
    });
  }
  return { stoppedBy: () => code, [Symbol.dispose]: () => clearTimeout(deadline) };
}

/** What is left of the grace for the work, so that a run which does not end can still say so within it. */
function withLastWords(graceMs: number): number {
  return Math.max(graceMs / 2, graceMs - LAST_WORDS_MS);
}

/** In milliseconds. What is no duration counts as 0; {@link assertGrace} refuses it when the command starts. */
export function graceMsOf(host: HostProcess): number {
  const given = commonSetting(host, '--grace', 'SCENEDIM_GRACE');
  return parseDuration(given ?? GRACE) ?? 0;
}

/** Refuses a `--grace`, or its variable, that is no duration; `usage`. */
export function assertGrace(host: HostProcess): void {
  const grace = commonSetting(host, '--grace', 'SCENEDIM_GRACE');
  // `refuseEmptyValues` refuses an empty one.
  if (grace !== undefined && grace !== '') requireDuration(grace, '--grace');
}
