import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCliWorkspace, kill } from '../support/cli-workspace.ts';
import { installPackage } from '../support/install-package.ts';
import { copyPglite } from '../support/prepared-pglite.ts';

const type = 'scenedim-loader-sqlite';
const target = { type, path: 'scene.sqlite' };

/** A line of a replay, with names by access source. */
const line = (observedAt: string, names: Readonly<Record<string, string>>) => {
  const scene = Object.entries(names).map(([value, name]) => ({ name, value }));
  return `${JSON.stringify({ app_id: 'wx0123456789abcdef', observed_at: observedAt, body: { scene } })}\n`;
};
const log = [
  line('2026-01-01T00:00:00.000001Z', { 4: '扫一扫', 10: '其他' }),
  line('2026-02-01T00:00:00Z', { 4: '扫一扫二维码', '@_all': '全部' }),
].join('');

test("somebody else's target, named in the config, takes a replay as a built-in one does", async () => {
  await using ours = await createCliWorkspace({ target: { type: 'pglite', path: 'data' } });
  await copyPglite(join(ours.directory, 'data'));
  await using theirs = await createCliWorkspace({ target });
  expect(await installPackage('sqlite-loader', theirs.directory)).toBe(type);

  const report = JSON.parse(await theirs.succeed(['replay', '-', '--json'], log));
  expect(report).toMatchObject({ outcome: 'ok', versions: { opened: 4, closed: 0, rewritten: 0, removed: 0 } });
  await ours.succeed(['replay', '-'], log);
  expect(await theirs.contents()).toEqual(await ours.contents());
  expect(JSON.parse(await theirs.succeed(['replay', '-', '--json'], log))).toMatchObject({
    outcome: 'nothing_changed',
  });
  expect(await theirs.succeed(['verify'])).toContain('all right');
  expect(await theirs.succeed(['check'])).toContain('schema version');
});

test("somebody else's lock dies with the run that held it", async () => {
  await using work = await createCliWorkspace({ target });
  await installPackage('sqlite-loader', work.directory);
  await work.succeed(['migrate']);
  const child = work.start(['replay', '-', '--lock-timeout', '1m']);
  child.stdin.on('error', () => {});
  child.stdin.write(log);
  await expect.poll(async () => (await work.run(['replay', '-'], '')).code, { timeout: 60_000 }).toBe(75);
  await kill(child);
  expect(await work.succeed(['replay', '-', '--json'], log)).toContain('"outcome"');
});

test("a wrong setting of somebody else's target is named", async () => {
  await using work = await createCliWorkspace({ target: { ...target, mode: 'fast' } });
  await installPackage('sqlite-loader', work.directory);
  const { code, stderr } = await work.run(['replay', '-'], log);
  expect([code, stderr]).toEqual([78, expect.stringContaining('target.mode: SQLite has no such setting')]);
});
