import { readdirSync, readFileSync } from 'node:fs';
import { projectRoot } from '../process/project-root.ts';

/**
 * The migrations of this program in order; the folder is read once. A release that changes comments or bundled tables
 * adds one too, though it may be empty: without it comments stay as they were, and runs report
 * `catalog_changed` until somebody runs `migrate`.
 */
export function listMigrationFiles(dialect: MigrationDialect): readonly MigrationFile[] {
  const known = found.get(dialect);
  if (known !== undefined) return known;
  const folder = new URL(`sql/${dialect}/`, projectRoot());
  const files = readdirSync(folder).flatMap((name) => {
    const digits = fileName.exec(name)?.[1];
    return digits === undefined
      ? []
      : [{ number: Number(digits), name: name.slice(0, -4), file: new URL(name, folder) }];
  });
  files.sort((a, b) => a.number - b.number);
  found.set(dialect, files);
  return files;
}

/** One file of `sql/postgres` or `sql/bigquery`; `number` is the schema version that it makes. */
export interface MigrationFile {
  readonly number: number;
  /** File name without `.sql`. */
  readonly name: string;
  readonly file: URL;
}

export type MigrationDialect = 'postgres' | 'bigquery';

/**
 * What the migrations after a schema version drop for good: the lines `-- drops the column old of dim_scene` at the beginning of
 * their files. A test keeps a file from dropping anything that no such line names.
 */
export function migrationLosses(files: readonly MigrationFile[], schemaVersion: number): readonly string[] {
  return files
    .filter(({ number }) => number > schemaVersion)
    .flatMap(({ file }) => declaredLosses(readFileSync(file, 'utf8')));
}

/** What the text of a migration says that it drops. */
export function declaredLosses(text: string): readonly string[] {
  const [head = ''] = /^(?:--.*\n)*/.exec(text) ?? [];
  return [...head.matchAll(/^-- drops (.+)$/gm)].map(([, what = '']) => what);
}

const fileName = /^(\d{6})_\w+\.sql$/;
const found = new Map<MigrationDialect, readonly MigrationFile[]>();
