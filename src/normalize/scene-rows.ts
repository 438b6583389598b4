import { canonicalKey } from './canonical-key.ts';
import { canonicalText, isLongerThan } from './canonical-text.ts';
import { isJsonObject } from './exact-json.ts';
import type { RejectedRow, RejectReason, Snapshot } from './snapshot.ts';

/**
 * What the `scene` array of an answer says about each key. The order of the rows does not matter.
 * Throws a RangeError for a rejected row that is nested too deeply to be written.
 */
export function readSceneRows(rows: readonly unknown[]): Snapshot {
  const readings = rows.map(readRow);
  const present = new Map<string, string>();
  const unknown = new Set<string>();
  const conflicts = new Set<string>();
  let absencesUnknown = false;
  for (const reading of readings) {
    if (reading.key === undefined) absencesUnknown = true;
    else if (reading.name === undefined) unknown.add(reading.key);
    else {
      const name = present.get(reading.key);
      if (name === undefined) present.set(reading.key, reading.name);
      else if (name !== reading.name) conflicts.add(reading.key);
    }
  }
  for (const key of conflicts) unknown.add(key);
  for (const key of unknown) present.delete(key);
  const isClean = !absencesUnknown && unknown.size === 0;
  if (isClean) return { kind: 'snapshot', present, unknown: noKeys, absencesUnknown, rejects: noRejects };
  return { kind: 'snapshot', present, unknown, absencesUnknown, rejects: rejectRows(rows, readings, conflicts) };
}

// Thousands of snapshots are held together, nearly all of which say nothing else.
const noKeys: ReadonlySet<string> = new Set();
const noRejects: readonly RejectedRow[] = [];

/** What one row says: no key is a reject on its own, no name makes its key unknown. */
type Reading =
  | { readonly key: undefined; readonly reason: 'not_an_object' | 'no_key' }
  | { readonly key: string; readonly name: string | undefined };

function readRow(row: unknown): Reading {
  if (!isJsonObject(row)) return { key: undefined, reason: 'not_an_object' };
  const key = canonicalKey(row.value);
  return key === undefined ? { key, reason: 'no_key' } : { key, name: canonicalName(row.name) };
}

/** A name of more code points than this, as it was received, is no name. */
export const MAX_NAME_LENGTH = 8192;

// The length counts before NFC, which would take seconds to sort a long run of combining marks.
function canonicalName(name: unknown): string | undefined {
  if (typeof name !== 'string' || isLongerThan(name, MAX_NAME_LENGTH)) return undefined;
  const cleaned = canonicalText(name);
  return cleaned === '' ? undefined : cleaned;
}

function rejectRows(
  rows: readonly unknown[],
  readings: readonly Reading[],
  conflicts: ReadonlySet<string>,
): RejectedRow[] {
  const rejects: RejectedRow[] = [];
  for (const [index, reading] of readings.entries()) {
    const reason = reasonOf(reading, conflicts);
    if (reason !== undefined) rejects.push({ index, reason, raw: JSON.stringify(rows[index]) });
  }
  return rejects;
}

function reasonOf(reading: Reading, conflicts: ReadonlySet<string>): RejectReason | undefined {
  if (reading.key === undefined) return reading.reason;
  if (reading.name === undefined) return 'no_name';
  return conflicts.has(reading.key) ? 'conflict' : undefined;
}
