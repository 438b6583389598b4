/** What only BigQuery has: a bill, samples by blocks, filters that it insists on. */
import { expect, test } from 'vitest';
import { assertAffordable } from '../../../../src/commands/join-check/assert-affordable.ts';
import { codesSql, rowsSql } from '../../../../src/commands/join-check/measure-sql.ts';
import { chooseColumns, describeTable, type JoinSubject } from '../../../../src/commands/join-check/subject.ts';
import type { TableDescription, TableReader } from '../../../../src/load/table-reader.ts';

const { signal } = new AbortController();
const GIB = 1024n ** 3n;

const column = (name: string, type: string, collation: string | null = null) => ({
  name,
  quotedName: `\`${name}\``,
  type,
  collation,
});
const table: TableDescription = {
  quotedName: '`my-project.logs.visit`',
  columns: [column('app_id', 'STRING', 'und:ci'), column('launch_scene', 'INT64'), column('visited_at', 'TIMESTAMP')],
  estimatedRows: 1_000_000_000,
  isStored: true,
  needsFilter: false,
};
const readerOf = (description: TableDescription, bytes = 0n): TableReader => ({
  dialect: 'bigquery',
  describe: async (name) => (name === 'logs.visit' ? { table: description } : { similar: ['logs.visit', 'logs.page'] }),
  ownName: (object) => `\`my-project.scene.${object}\``,
  literal: (text) => `'${text}'`,
  select: async () => [],
  estimateBytes: async () => bytes,
});

test('what BigQuery will read is told first, and more than 1 GiB needs --yes', async () => {
  const told: string[] = [];
  const ask = (bytes: bigint, isAllowed: boolean) =>
    assertAffordable(readerOf(table, bytes), 'SELECT 1', { signal, isAllowed, tell: (message) => told.push(message) });
  expect(await ask(GIB / 2n, false)).toBe(GIB / 2n + 100n * 1024n ** 2n);
  await expect(ask(GIB / 2n + 1n, false)).rejects.toMatchObject({
    code: 'usage',
    message: 'a check of this table would bill 1.0 GiB',
    remedy: 'add --yes, or look at a part of it: --sample 100000, or a view of some days',
  });
  expect(await ask(GIB * 3n, true)).toBeGreaterThan(GIB * 3n);
  expect(told.map((message) => /read (.*?) for/.exec(message)?.[1])).toEqual(['1.0 GiB', '1.0 GiB', '6.0 GiB']);
});

test('a table that wants a filter on its partitions is refused, and a view of it is taken', async () => {
  const describe = (needsFilter: boolean) => describeTable(readerOf({ ...table, needsFilter }), 'logs.visit', signal);
  await expect(describe(true)).rejects.toMatchObject({
    code: 'usage',
    remedy: 'make a view of some of its days, and check the view',
  });
  expect((await describe(false)).quotedName).toBe('`my-project.logs.visit`');
});

test('an unknown table is told by the names that are like it, else by how a name is written', async () => {
  const unknown = async (name: string, reader = readerOf(table)) => {
    const error: unknown = await describeTable(reader, name, signal).catch((reason: unknown) => reason);
    return (error as { readonly remedy: string }).remedy;
  };
  expect(await unknown('logs.visits')).toBe('did you mean logs.visit?');
  expect(await unknown('logs.something_else')).toMatch(/^write it as in a query: /);
  expect(await unknown('logs.visits', { ...readerOf(table), describe: async () => ({ similar: [] }) })).toBe(
    'write it as in a query: table, dataset.table or project.dataset.table',
  );
});

test('a sample of a large table reads some of its blocks, once', () => {
  const reader = readerOf(table);
  const names = { sceneColumn: 'launch_scene', appIdColumn: 'app_id', timeColumn: 'visited_at' };
  const subject: JoinSubject = {
    reader,
    table,
    ...chooseColumns(reader, table, names),
    onlyAppId: '',
    timeZone: 'UTC',
    bridge: true,
    sample: 100_000,
  };
  const shape = { codes: 'launch_scene', isCleaned: false, time: null, isLarge: true } as const;
  for (const sql of [codesSql(subject), rowsSql(subject, shape)]) {
    expect(sql.match(/my-project\.logs\.visit/g)).toHaveLength(1);
    expect(sql).toContain('`my-project.logs.visit` TABLESAMPLE SYSTEM (0.0120 PERCENT) LIMIT 100000');
    expect(sql).toContain("COLLATE(v.`app_id`, '')");
  }
});
