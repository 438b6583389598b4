import { abortable } from '../../abortable.ts';
import { OutputClosedError } from '../session/output.ts';
import type { Session } from '../session/session.ts';
import type { WatchOptions } from './watch-options.ts';
import { type WatchedResult, WatchedRun } from './watched-run.ts';
import { watchersOf } from './watchers-of.ts';

/**
 * Does a run, shows its result, and tells everybody who watches it how it ended: files, a gateway, a scheduler; then the log
 * and the termination message, by one summary. Resolves with the exit status. A file that the user named and that cannot be
 * written is 74 for a run that went well; any other watcher's trouble is a warning. What breaks off before the run begins is
 * thrown.
 */
export async function watchRun<Result extends WatchedResult>(
  session: Session,
  command: string,
  options: WatchOptions,
  work: (watched: WatchedRun) => Promise<Result>,
  show: (result: Result, elapsedMs: number) => Promise<void>,
): Promise<number> {
  const watched = new WatchedRun(session, command, options, await watchersOf(session, command, options));
  session.lateEnd.watch((error, status) => watched.giveUp(error, status));
  try {
    const result = await work(watched);
    watched.finish(result);
    const { signal } = session;
    // A reader that has stalled does not keep a stopped command from ending, nor those who watch it from being told.
    await abortable(show(result, watched.elapsedMs).catch(ignoreClosed), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  } catch (error) {
    watched.breakOff(error);
  }
  return watched.end();
}

/** The work is done and stored: a reader that went away does not make it a failure. */
function ignoreClosed(reason: unknown): void {
  if (!(reason instanceof OutputClosedError)) throw reason;
}
