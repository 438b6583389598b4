import { canonicalKey } from './canonical-key.ts';
import { canonicalText } from './canonical-text.ts';
import { compactJson } from './compact-json.ts';
import type { JsonDocument } from './json-document.ts';
import { elementSpans, memberSpan, skipJsonSpace } from './json-span.ts';
import type { RejectedRow, RejectReason, Snapshot } from './snapshot.ts';

/** What one row says: no key is a reject on its own, no name makes its key unknown. */
type Reading =
  | { readonly key: undefined; readonly reason: 'not_an_object' | 'no_key' }
  | { readonly key: string; readonly name: string | undefined };

/** What the `scene` array of an answer says about each key. The order of the rows does not matter. */
export function readSceneRows(document: JsonDocument, rows: readonly unknown[]): Snapshot {
  const readings = rows.map((row) => readRow(document, row));
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
  const rejects = isClean ? [] : rejectRows(document, readings, conflicts);
  return { kind: 'snapshot', present, unknown, absencesUnknown, rejects };
}

function readRow(document: JsonDocument, row: unknown): Reading {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { key: undefined, reason: 'not_an_object' };
  const key = canonicalKey(document.member(row, 'value'));
  if (key === undefined) return { key, reason: 'no_key' };
  const name = document.member(row, 'name');
  const cleaned = typeof name === 'string' ? canonicalText(name) : '';
  return { key, name: cleaned === '' ? undefined : cleaned };
}

function rejectRows(
  document: JsonDocument,
  readings: readonly Reading[],
  conflicts: ReadonlySet<string>,
): RejectedRow[] {
  const { text } = document;
  const scene = memberSpan(text, skipJsonSpace(text, 0), 'scene');
  const spans = scene === undefined ? [] : elementSpans(text, scene.start);
  const rejects: RejectedRow[] = [];
  for (const [index, span] of spans.entries()) {
    const reading = readings[index];
    const reason = reading === undefined ? undefined : reasonOf(reading, conflicts);
    if (reason !== undefined) rejects.push({ index, reason, raw: compactJson(text, span) });
  }
  return rejects;
}

function reasonOf(reading: Reading, conflicts: ReadonlySet<string>): RejectReason | undefined {
  if (reading.key === undefined) return reading.reason;
  if (reading.name === undefined) return 'no_name';
  return conflicts.has(reading.key) ? 'conflict' : undefined;
}
