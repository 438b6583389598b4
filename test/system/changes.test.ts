import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';

const log = [
  ['2024-03-01', [4, '二维码'], [5, '搜索'], [6, '会话'], [7, '公众号']],
  ['2024-06-01', [4, '扫一扫二维码'], [6, '会话'], [7, '公众号'], [8, '新']],
  ['2024-07-01', [4, '扫一扫二维码'], [5, '搜一搜'], [6, '会话'], [7, '公众号']],
  ['2024-08-01', [4, '扫一扫二维码']],
] as const;

let workspace: CliWorkspace;
beforeAll(async () => {
  workspace = await createCliWorkspace({ target: { type: 'pglite', path: './db' } });
  const lines = log.map(([day, ...scenes]) =>
    JSON.stringify({
      app_id: 'wx1',
      observed_at: `${day}T00:00:00Z`,
      body: { scene: scenes.map(([value, name]) => ({ name, value })) },
    }),
  );
  expect((await workspace.run(['replay', await workspace.write('log.ndjson', lines.join('\n'))])).code).toBe(65);
});
afterAll(() => workspace[Symbol.asyncDispose]());

const changes = async (...args: readonly string[]) =>
  JSON.parse(await workspace.succeed(['changes', '--json', ...args])) as {
    since: string;
    until: string;
    changes: Record<string, unknown>[];
    decisions: Record<string, unknown>[];
  };

test('tells what happened in a period, and why somebody decided so', async () => {
  const decide = ['--app-id', 'wx1', '--note'];
  await workspace.succeed(['accept', ...decide, '  asked the shop:\tclosed ']);
  await workspace.succeed(['hold', ...decide, 'wrong list', '--observed-at', '2024-07-01T00:00:00Z']);
  const found = await changes('--since', '2024-06-01T00:00:00Z', '--until', '2024-08-02T00:00:00Z');
  expect(
    found.changes.map((row) => [row['scene_key'], row['change'], row['old_name'], row['new_name'], row['note']]),
  ).toEqual([
    ['4', 'renamed', '二维码', '扫一扫二维码', null],
    ['5', 'removed', '搜索', null, null],
    ['8', 'opened', null, '新', null],
    ['6', 'removed', '会话', null, 'asked the shop: closed'],
    ['7', 'removed', '公众号', null, 'asked the shop: closed'],
    ['8', 'removed', '新', null, 'asked the shop: closed'],
  ]);
  expect(found.decisions.map(({ status, hold_reason: reason, note }) => [status, reason, note])).toEqual([
    ['held', 'manual', 'wrong list'],
    ['ok', 'shrink', 'asked the shop: closed'],
  ]);
});

test('keeps the note of a decision in the log, and shows it beside the history', async () => {
  const text = await workspace.succeed(['history', '5']);
  expect(text.slice(text.indexOf('\nDecisions'))).toMatch(/held the answer of wx1 of 2024-07-01.*\n {2}wrong list\n/);
  const elsewhere = await createCliWorkspace({ target: { type: 'pglite', path: './db' } });
  await using _ = elsewhere;
  const { log: lines, dimension } = await workspace.contents();
  expect((await elsewhere.run(['replay', '-'], lines)).code).toBe(0);
  expect(await elsewhere.contents()).toEqual({ log: lines, dimension });
  expect(lines.match(/"decision_note":"[^"]*"/g)).toEqual([
    '"decision_note":"wrong list"',
    '"decision_note":"asked the shop: closed"',
  ]);
});

test('shows the last week unless it is told otherwise, and says what is wrong with a period', async () => {
  expect(await workspace.succeed(['changes'])).toMatch(/^no change from \S+ to \S+\n\nDecisions\n/);
  const week = await changes();
  expect(Date.parse(week.until) - Date.parse(week.since)).toBe(7 * 86_400_000);
  expect(await workspace.succeed(['changes', '--app-id', 'wx2'])).toBe('not known here: account wx2\n');
  const refused = await workspace.run([
    'changes',
    '--since',
    '2024-06-01T00:00:00Z',
    '--until',
    '2024-06-01T00:00:00Z',
  ]);
  const remedy = 'remedy: let the period begin before it ends: give an earlier --since\n';
  const [at, day] = ['2024-06-01T00:00:00.000000Z', '2024-06-01T00:00:00Z'];
  expect([refused.code, refused.stderr]).toEqual([64, `error: --until: ${at} is not after ${at}\n${remedy}`]);
  const late = await workspace.run(['changes', '--since', '2999-01-01T00:00:00Z']);
  expect([late.code, late.stderr]).toEqual([
    64,
    expect.stringMatching(/^error: --since: 2999-\S+ is not before now, /),
  ]);
  expect((await workspace.run(['changes', '--until', day])).stderr).toContain(remedy);
  expect((await workspace.run(['changes', '--since', '2024-05-31T00:00:00Z', '--until', day])).code).toBe(0);
  const early = await workspace.run(['changes', '--since', '0000-01-01T00:00:00Z']);
  expect([early.code, early.stderr]).toEqual([64, expect.stringContaining('of the years 1 to 9999 in UTC')]);
  const unclear = await workspace.run(['changes', '--since', 'yesterday']);
  expect([unclear.code, unclear.stderr]).toEqual([
    64,
    expect.stringContaining('write how long ago, like 7d, or a time with an offset, like 2026-03-01T00:00:00+08:00'),
  ]);
  const times = ['--since', '3650d', '--until', '2024-06-02T00:00:00+08:00'];
  expect((await changes(...times)).changes).toHaveLength(3);
});

test('a secret of the config that stands in a note is not stored', async () => {
  await using own = await createCliWorkspace({
    target: { type: 'pglite', path: './db' },
    source: { accounts: [{ appId: 'wx2', appSecret: { file: 'secret.txt' } }] },
  });
  await own.write('secret.txt', '0123456789abcdef0123456789abcdef\n');
  const line = { app_id: 'wx1', observed_at: '2024-03-01T00:00:00Z', body: { scene: [{ name: '二维码', value: 4 }] } };
  await own.succeed(['replay', await own.write('log.ndjson', JSON.stringify(line))]);
  const decide = ['--app-id', 'wx1', '--observed-at', '2024-03-01T00:00:00Z', '--note'];
  await own.succeed(['hold', ...decide, 'asked with 0123456789abcdef0123456789abcdef']);
  expect((await own.contents()).log).toContain('"decision_note":"asked with [redacted]"');
  await rm(join(own.directory, 'secret.txt'));
  await own.succeed(['accept', ...decide, 'a secret that is gone keeps nobody from deciding']);
});

test('a note has to say something, in at most 1,000 characters', async () => {
  for (const note of ['\u200b', 'why '.repeat(251)]) {
    const { code, stderr } = await workspace.run(['accept', '--app-id', 'wx1', '--note', note]);
    expect([code, stderr]).toEqual([64, expect.stringContaining('say in a sentence or two why you decide so')]);
  }
});
