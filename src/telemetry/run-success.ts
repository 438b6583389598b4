import type { EndedRun, ReportDocument } from './run-watcher.ts';

/** True when a run came to a report, and everything in it is as it should be: exit 0 or the skip code. */
export function wentWell(report: ReportDocument | null): boolean {
  return report?.outcome === 'ok' || report?.outcome === 'nothing_changed';
}

/**
 * True when a run did all that it was to do: it went well, or ended with 65 because an answer or the list of a platform waits
 * for a decision, and what it printed and wrote arrived. What waits is stored and has a metric of its own; the next run would
 * find nothing else to do.
 */
export function hasSucceeded({ report, error }: EndedRun): boolean {
  // A rebuild that refuses accounts counts them as failed, verify does not count by states, a replay ends at a bad line.
  const accounts = report?.['accounts'] as { readonly failed?: unknown } | undefined;
  return error === null && (wentWell(report) || (report?.outcome === 'refused' && accounts?.failed === 0));
}
