import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import type { Version } from '../dimension/version.ts';
import { BEGINNING, formatInstantShort, type Micros, OPEN_END } from '../instant.ts';
import { renderTable, type TableOptions } from './table.ts';

/**
 * Versions as a table: account, key, name, when it was in force, how it ended. Where a terminal is
 * too narrow for that, the account is left out when there is but one.
 */
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
  // A name that is cut says nothing; an account that is the same everywhere can go first.
  const isOneAccount = new Set(versions.map(({ appId }) => appId)).size === 1;
  if (!isOneAccount || fits(renderTable(columns, rows, { ...options, width: undefined }), options.width)) {
    return renderTable(columns, rows, options);
  }
  return renderTable(
    columns.slice(1),
    rows.map((row) => row.slice(1)),
    options,
  );
}

function fits(table: string, width: number | undefined): boolean {
  return width === undefined || table.split('\n').every((line) => stringWidth(stripVTControlCharacters(line)) <= width);
}

/** An instant for people: the beginning and the open end by name. */
export function formatTime(instant: Micros): string {
  if (instant === BEGINNING) return 'beginning';
  return instant === OPEN_END ? 'now' : formatInstantShort(instant);
}
