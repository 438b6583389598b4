import type { EndedRun } from './run-watcher.ts';

/**
 * True when a run did all that it was to do: it ended with 0 or the skip code, or with 65 because an answer or the list of a
 * platform waits for a decision. That is stored and has a metric of its own; the next run would find nothing else to do.
 */
export function hasSucceeded({ report }: EndedRun): boolean {
  if (report === null) return false;
  const { outcome, accounts } = report;
  // A rebuild that refuses accounts counts them as failed, and verify does not count by states.
  const isWaiting = outcome === 'refused' && (accounts as { readonly failed?: unknown } | undefined)?.failed === 0;
  return outcome === 'ok' || outcome === 'nothing_changed' || isWaiting;
}
