import type { Version } from '../dimension/version.ts';
import { BEGINNING, formatInstant, type Micros, OPEN_END } from '../instant.ts';
import { renderTable, type TableOptions } from './table.ts';

/** Versions as a table: account, key, name, when it was in force, how it ended. */
export function renderHistory(versions: readonly Version[], options: TableOptions): string {
  const columns = [
    { header: 'account', shrinks: true },
    { header: 'scene', align: 'right' },
    { header: 'name', shrinks: true },
    { header: 'from' },
    { header: 'to' },
    { header: 'end' },
  ] as const;
  const rows = versions.map(({ appId, sceneKey, sceneName, effectiveFrom, effectiveTo, endReason }) => {
    return [appId, sceneKey, sceneName, formatTime(effectiveFrom), formatTime(effectiveTo), endReason ?? ''];
  });
  return renderTable(columns, rows, options);
}

/** An instant for people: the beginning and the open end by name. */
export function formatTime(instant: Micros): string {
  if (instant === BEGINNING) return 'beginning';
  return instant === OPEN_END ? 'now' : formatInstant(instant);
}
