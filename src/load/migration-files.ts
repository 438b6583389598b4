import { readdirSync } from 'node:fs';
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

const fileName = /^(\d{6})_\w+\.sql$/;
const found = new Map<MigrationDialect, readonly MigrationFile[]>();
