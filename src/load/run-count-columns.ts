import type { RunCounts } from './loader.ts';

/** Column of `scene_run` for each count. */
export const runCountColumns = {
  accountsSelected: 'accounts_selected',
  accountsChanged: 'accounts_changed',
  accountsUnchanged: 'accounts_unchanged',
  accountsHeld: 'accounts_held',
  accountsSkipped: 'accounts_skipped',
  accountsFailed: 'accounts_failed',
  accountsFresh: 'accounts_fresh',
  observationsRecorded: 'observations_recorded',
  observationsDuplicate: 'observations_duplicate',
  versionsOpened: 'versions_opened',
  versionsClosed: 'versions_closed',
  versionsRewritten: 'versions_rewritten',
  versionsRemoved: 'versions_removed',
  rejects: 'rejects',
} as const satisfies Record<keyof RunCounts, string>;
