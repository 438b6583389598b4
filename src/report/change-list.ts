import type { VersionChange } from '../dimension/version.ts';
import { type DescribedChange, describeChanges } from './describe-changes.ts';
import { formatCount } from './format-count.ts';
import { formatTime } from './history-table.ts';
import { renderTable, type TableOptions } from './table.ts';

/** Changes that are listed; the others are counted. */
const SHOWN = 50;

/** What a run does to the dimension, for people; its memory does not grow with the run. */
export interface ChangeList {
  add(changes: Iterable<VersionChange>): void;
  /** A table of the first 50 changes and how many more there are; empty when there is none. */
  render(options: TableOptions): string;
}

/** Lists changes in the order in which they are written. The account is left out when there is but one. */
export function createChangeList(): ChangeList {
  const shown: DescribedChange[] = [];
  let total = 0;
  let isOneAccount = true;

  return {
    add(changes) {
      for (const change of describeChanges(changes)) {
        total += 1;
        if (shown.length < SHOWN) shown.push(change);
        isOneAccount &&= change.appId === shown[0]?.appId;
      }
    },

    render(options) {
      if (total === 0) return '';
      const columns = [
        { header: 'account', shrinks: true },
        { header: 'scene', align: 'right' },
        { header: 'change', shrinks: true },
        { header: 'since' },
      ] as const;
      const rows = shown.map(({ appId, sceneKey, words, since }) => [appId, sceneKey, words, formatTime(since)]);
      const first = isOneAccount ? 1 : 0;
      const table = renderTable(
        columns.slice(first),
        rows.map((row) => row.slice(first)),
        options,
      );
      return total > shown.length
        ? `${table}${options.indent ?? ''}… and ${formatCount(total - shown.length)} more\n`
        : table;
    },
  };
}
