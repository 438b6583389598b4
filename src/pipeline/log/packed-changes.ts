import { type Version, type VersionChange, versionOf } from '../../dimension/version.ts';
import { OPEN_END } from '../../instant.ts';

/**
 * Version changes by columns, to be set aside. Objects repeat the names of their fields in every row:
 * to serialize them and to read them again costs twice as much.
 */
export interface PackedChanges {
  readonly ops: readonly VersionChange['op'][];
  /** The stored rows; of an insertion, the new one. */
  readonly rows: readonly Column[];
  /** Each field that some update changes, with its values after all changes. */
  readonly updated: readonly Column[];
}

interface Column {
  readonly field: keyof Version;
  readonly values: readonly unknown[];
}

export function packChanges(changes: readonly VersionChange[]): PackedChanges {
  const rows = changes.map((change) => (change.op === 'insert' ? change.after : change.before));
  const newRows = changes.map(versionOf);
  const updated = fields.filter((field) => rows.some((row, index) => row[field] !== newRows[index]?.[field]));
  return {
    ops: changes.map(({ op }) => op),
    rows: columnsOf(rows, fields),
    updated: columnsOf(newRows, updated),
  };
}

export function unpackChanges({ ops, rows, updated }: PackedChanges): VersionChange[] {
  const versions = ops.map(() => ({ ...emptyVersion }));
  fill(versions, rows);
  const newVersions = updated.length === 0 ? versions : versions.map((version) => ({ ...version }));
  fill(newVersions, updated);
  return ops.map((op, index) => {
    const before = versions[index] ?? emptyVersion;
    const after = newVersions[index] ?? emptyVersion;
    if (op === 'update') return { op, before, after };
    return op === 'insert' ? { op, after } : { op, before };
  });
}

function columnsOf(rows: readonly Version[], names: readonly (keyof Version)[]): Column[] {
  return names.map((field) => ({ field, values: rows.map((row) => row[field]) }));
}

function fill(versions: Record<keyof Version, unknown>[], columns: readonly Column[]): void {
  for (const { field, values } of columns) {
    let index = 0;
    for (const version of versions) version[field] = values[index++];
  }
}

/** Says which fields there are, and gives each row all of them at once. */
const emptyVersion: Version = {
  versionId: '',
  sceneId: '',
  appId: '',
  sceneKey: '',
  sceneValue: null,
  valueKind: 'text',
  isAggregate: false,
  sceneName: '',
  effectiveFrom: 0n,
  effectiveTo: OPEN_END,
  endReason: null,
  firstObservedAt: 0n,
};

const fields = Object.keys(emptyVersion) as readonly (keyof Version)[];
