import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { ended, runCli, startCli } from '../support/spawn-cli.ts';

const appId = 'wx0123456789abcdef';
let cwd = '';
let simulator: Simulator;
let env: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-sync-'));
  simulator = await startSimulator({ accounts: [{ appId }] });
  await copyPglite(join(cwd, 'db'));
  env = { WECHAT_APP_SECRET: simulator.appSecret(appId), SCENEDIM_SOURCE_BASE_URL: simulator.url };
  writeFileSync(
    join(cwd, 'scenedim.yaml'),
    `source: { accounts: [{ appId: ${appId}, appSecret: { env: WECHAT_APP_SECRET } }] }\ntarget: { type: pglite, path: ./db }\n`,
  );
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const run = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  runCli(args, { cwd, env: { ...env, ...more } });

async function report(args: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await run([...args, '--json'], more);
  expect(stdout + stderr).not.toContain(simulator.appSecret(appId));
  return { code, ...(JSON.parse(stdout) as Record<string, unknown>) };
}

describe('sync against a WeChat API', () => {
  test('is planned without a write, applied, and then changes nothing', async () => {
    const versions = { opened: 58, closed: 0, rewritten: 0, removed: 0 };
    expect(await report(['plan'])).toMatchObject({ code: 0, outcome: 'ok', versions });
    expect(await report(['sync'])).toMatchObject({ code: 0, outcome: 'ok', versions });
    expect(await report(['sync', '--skip-exit-code'])).toMatchObject({ code: 99, outcome: 'nothing_changed' });
    expect(await report(['sync', '--skip-exit-code', '7'])).toMatchObject({ code: 7 });
    expect(await report(['sync', '--max-age', '1h'])).toMatchObject({ code: 0, accounts: { selected: 1, fresh: 1 } });
    expect(await report(['sync', '--app-id', appId])).toMatchObject({ code: 0, accounts: { selected: 1 } });
  });

  test('takes its shard from the environment, and selects nothing in the others', async () => {
    const selected: unknown[] = [];
    for (const index of ['0', '1', '2']) {
      const { accounts } = (await report(['sync'], { JOB_COMPLETION_INDEX: index, SHARD_COUNT: '3' })) as {
        accounts?: { selected: number };
      };
      selected.push(accounts?.selected);
    }
    expect(selected.sort()).toEqual([0, 0, 1]);
    expect((await run(['sync'], { SHARD_COUNT: '3' })).code).toBe(64);
  });

  test('with a wrong secret exits with 77, with a missing one with 78', async () => {
    expect((await report(['sync'], { WECHAT_APP_SECRET: 'another-secret-0123456789' })).code).toBe(77);
    const missing = await run(['check'], { WECHAT_APP_SECRET: '' });
    expect(missing.code).toBe(78);
    expect(missing.stdout).toContain(
      `error    credentials     account ${appId}: environment variable WECHAT_APP_SECRET is empty\n`,
    );
  });

  test('writes its metrics also when it fails', async () => {
    writeFileSync(
      join(cwd, 'later.yaml'),
      `source: { accounts: [{ appId: ${appId}, appSecret: { env: WECHAT_APP_SECRET } }] }\ntarget: { type: ./missing.js }\n`,
    );
    const { code } = await run(['sync', '-c', 'later.yaml', '--metrics-file', 'm.prom']);
    expect(code).toBe(78);
    expect(readFileSync(join(cwd, 'm.prom'), 'utf8')).toMatch(
      /^scenedim_run_exit_code\{command="sync",target=".*"\} 78$/m,
    );
  });

  test('stops cleanly on SIGTERM in the middle of a request', async () => {
    simulator.inject({ fault: 'hang' });
    simulator.clearRequests();
    const child = startCli(['sync', '--json'], { cwd, env });
    const result = ended(child);
    while (!simulator.requests.some(({ fault }) => fault === 'hang')) await new Promise(setImmediate);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await result;
    expect([code, stderr.match(/\n\s+at /)]).toEqual([143, null]);
    expect(JSON.parse(stdout)).toBeTypeOf('object');
    expect((await report(['verify'])).code).toBe(0);
  });

  test('of a demo shows rename, gap and return, twice', async () => {
    for (const _ of [1, 2]) {
      const child = startCli(['demo', '--json'], { cwd });
      const { code, stdout, stderr } = await ended(child);
      expect([code, stderr.match(/^error:.*/m)?.[0]]).toEqual([0, undefined]);
      const { runs, visits } = JSON.parse(stdout) as {
        runs: readonly { versions: object }[];
        visits: readonly { scene_name: string }[];
      };
      expect(runs.map(({ versions }) => versions)).toEqual([
        { opened: 58, closed: 0, rewritten: 0, removed: 0 },
        { opened: 1, closed: 2, rewritten: 0, removed: 0 },
        { opened: 1, closed: 0, rewritten: 0, removed: 0 },
      ]);
      expect(visits.map(({ scene_name: name }) => name)).toEqual([
        '二维码',
        '二维码',
        '扫一扫二维码',
        '扫一扫二维码',
        '未知',
        'H5',
        '其他',
        '未知',
      ]);
    }
  });

  test('is what a demo with an account in the environment does', async () => {
    await copyPglite(join(cwd, 'data/scene'));
    const { code, stdout } = await run(['demo'], { WECHAT_APP_ID: appId });
    expect(code).toBe(0);
    expect(stdout).toContain(`WECHAT_APP_ID is set: syncing ${appId} from ${simulator.url} into ./data/scene\n`);
    expect(stdout).toContain('  versions      58 opened\n');
  });
});
