import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { declaredLosses, listMigrationFiles, migrationLosses } from '../../../src/load/migration-files.ts';

/** What a statement takes away for good: a table or a column with its values. Views and functions hold nothing. */
const drops =
  /\bDROP\s+(?:TABLE|COLUMN|SCHEMA|TYPE)\b|\bTRUNCATE\b|\bDELETE\s+FROM\b|\bALTER\s+COLUMN\s+\S+\s+(?:SET\s+DATA\s+)?TYPE\b/i;

const codeOf = (text: string) => text.replaceAll(/--.*$/gm, '');

describe('what migrations drop', () => {
  test.each(['postgres', 'bigquery'] as const)('of %s is what their files declare', async (dialect) => {
    const files = listMigrationFiles(dialect);
    expect(files.length).toBeGreaterThan(0);
    for (const { file, name } of files) {
      const text = await readFile(file, 'utf8');
      expect([name, drops.test(codeOf(text))]).toEqual([name, declaredLosses(text).length > 0]);
    }
  });

  test.each([
    'ALTER TABLE t DROP COLUMN c;',
    'drop  table if exists t',
    'ALTER TABLE t ALTER COLUMN c TYPE int',
    'ALTER TABLE t ALTER COLUMN c SET DATA TYPE INT64',
    'TRUNCATE t',
    'DELETE FROM t',
  ])('is seen in %s', (statement) => {
    expect(drops.test(codeOf(statement))).toBe(true);
  });

  test('is told of those that are newer than the target, in their order', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'migrations-'));
    const texts = [
      'SELECT 1;\n-- drops nothing: this is no head\n',
      '-- A head.\n-- drops the column a of t\n-- drops the table u\nALTER TABLE t DROP COLUMN a;\n',
      '-- drops the column b of t\nALTER TABLE t DROP COLUMN b;\n',
    ];
    const files = await Promise.all(
      texts.map(async (text, index) => {
        const path = join(folder.path, `00000${index + 1}_x.sql`);
        await writeFile(path, text);
        return { number: index + 1, name: `00000${index + 1}_x`, file: pathToFileURL(path) };
      }),
    );
    expect(migrationLosses(files, 0)).toEqual(['the column a of t', 'the table u', 'the column b of t']);
    expect(migrationLosses(files, 2)).toEqual(['the column b of t']);
    expect(migrationLosses(files, 3)).toEqual([]);
  });
});
