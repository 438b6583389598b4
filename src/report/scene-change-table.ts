import type { SceneChange } from '../dimension/scene-changes.ts';
import { formatCount } from './format-count.ts';
import { formatTime } from './history-table.ts';
import { renderTable, type TableOptions } from './table.ts';

/** What is the same in so many accounts, or more, is one row. */
const TOGETHER = 4;

/**
 * Changes as a table, a row each: scene, what happened, names, account, when. Where many accounts have the same change, as when
 * WeChat renames a scene for everybody, they share a row.
 */
export function renderSceneChanges(changes: readonly SceneChange[], options: TableOptions): string {
  const columns = [
    { header: 'scene', align: 'right' },
    { header: 'change' },
    { header: 'name', shrinks: true },
    { header: 'account', shrinks: true },
    { header: 'when' },
  ] as const;
  return renderTable(
    columns,
    [...Map.groupBy(changes, meaningOf).values()].flatMap((group) =>
      group.length < TOGETHER ? group.map(rowOf) : [rowOfMany(group)],
    ),
    options,
  );
}

function meaningOf({ sceneKey, change, oldName, newName }: SceneChange): string {
  return JSON.stringify([sceneKey, change, oldName, newName]);
}

function rowOf(change: SceneChange): readonly string[] {
  return [change.sceneKey, change.change, namesOf(change), change.appId, formatTime(change.changedAt)];
}

function rowOfMany(group: readonly SceneChange[]): readonly string[] {
  const [first] = group;
  if (first === undefined) return [];
  const accounts = formatCount(new Set(group.map(({ appId }) => appId)).size, 'account');
  return [first.sceneKey, first.change, namesOf(first), accounts, `from ${formatTime(first.changedAt)} on`];
}

function namesOf({ oldName, newName }: SceneChange): string {
  if (oldName === null || newName === null || oldName === newName) return newName ?? oldName ?? '';
  return `${oldName} -> ${newName}`;
}
