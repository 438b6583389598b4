/** The table of exit statuses, by processes of their own. */
import { on } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunReport } from '../../src/pipeline/run/run-report.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { SimulatorFaultName } from '../../src/simulator/simulator-faults.ts';
import { untilHeld } from '../support/pglite-lock.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, ended, runCli, startCli } from '../support/spawn-cli.ts';

const two = ['wxa', 'wxb'];
const many = Array.from({ length: 40 }, (_, index) => `wx${index}`);

let cwd = '';
let simulator: Simulator;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-exit-'));
  simulator = await startSimulator({ accounts: [...two, ...many].map((appId) => ({ appId })) });
  for (const appId of [...two, ...many]) writeFileSync(join(cwd, `${appId}.secret`), simulator.appSecret(appId));
  writeFileSync(join(cwd, 'wrong.secret'), 'not-the-secret\n');
  await copyPglite(join(cwd, 'db'));
  writeConfig('disk.yaml', { accounts: accountsOf(two), target: { type: 'pglite', path: './db' } });
  writeConfig('memory.yaml', { accounts: accountsOf(two) });
  writeConfig('many.yaml', { accounts: accountsOf(many), target: { type: 'pglite', path: './db' } });
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});
beforeEach(() => {
  simulator.clearFaults();
  simulator.clearRequests();
});

const accountsOf = (appIds: readonly string[]) =>
  appIds.map((appId) => ({ appId, appSecret: { file: `${appId}.secret` } }));

function writeConfig(
  name: string,
  { target = { type: 'memory' }, ...source }: { readonly [setting: string]: unknown },
): void {
  const config = { source: { baseUrl: simulator.url, concurrency: 4, totalTimeoutMs: 900, ...source }, target };
  writeFileSync(join(cwd, name), JSON.stringify(config));
}

async function run(args: string, input?: string): Promise<CliResult> {
  return runCli(args.split(' '), { cwd, ...(input !== undefined && { input }) });
}

const always = (fault: SimulatorFaultName, appId?: string) => simulator.inject({ fault, times: 'always', appId });
const reportOf = ({ stdout }: CliResult) => JSON.parse(stdout) as RunReport;

describe('on a target that stays', () => {
  test('0: changed, unchanged; 99 only for what is unchanged, and only with --skip-exit-code', async () => {
    const first = await run('sync -c disk.yaml --json --skip-exit-code');
    expect([first.code, reportOf(first).outcome]).toEqual([0, 'ok']);
    const skipped = await run('sync -c disk.yaml --json --skip-exit-code');
    expect([skipped.code, reportOf(skipped).outcome]).toEqual([99, 'nothing_changed']);
    expect((await run('sync -c disk.yaml --skip-exit-code 42 --max-age 1h')).code).toBe(42);
  });

  test('65: a held account comes before 99, and is gone once it is accepted', async () => {
    always('empty_list', 'wxa');
    const held = await run('sync -c disk.yaml --skip-exit-code --json');
    expect([held.code, reportOf(held).outcome, reportOf(held).accounts.held]).toEqual([65, 'refused', 1]);
    expect((await run('accept -c disk.yaml --app-id wxa')).code).toBe(0);
  });

  test('75: another process is at work on the target; --lock-timeout waits for it', async () => {
    const holder = startCli(['replay', '-', '-c', 'disk.yaml'], { cwd });
    const held = ended(holder);
    await untilHeld(join(cwd, 'db'), holder);
    const refused = await run('sync -c disk.yaml --json');
    expect([refused.code, JSON.parse(refused.stdout)]).toMatchObject([75, { error: { code: 'lock_held' } }]);
    expect(simulator.requests, 'nothing was fetched in vain').toEqual([]);
    const waiting = run('sync -c disk.yaml --lock-timeout 5m --quiet');
    holder.stdin.end();
    expect([(await held).code, (await waiting).code]).toEqual([0, 0]);
  });

  test('65: verify finds a row that was changed by hand', async () => {
    const db = await PGlite.create(join(cwd, 'db'));
    await db.exec("UPDATE scene.dim_scene SET scene_name = '手' WHERE scene_key = '1' AND app_id = 'wxb'");
    await db.close();
    const { code, stdout } = await run('verify -c disk.yaml --json');
    expect([code, JSON.parse(stdout).violations_total > 0]).toEqual([65, true]);
    expect((await run('rebuild -c disk.yaml --quiet')).code).toBe(0);
  });
});

describe('by what the accounts answered', () => {
  test.each<[number, string, SimulatorFaultName, string | undefined, string]>([
    [0, 'an unpublished account is skipped', 'unpublished', 'wxa', 'ok'],
    [75, 'an unknown code', 'unknown_code', 'wxa', 'partial'],
    [75, 'a quota', 'quota_exceeded', undefined, 'failed'],
    [75, 'one account does not answer', 'hang', 'wxa', 'partial'],
    [69, 'no account answers', 'hang', undefined, 'failed'],
    [77, 'every token is refused', 'token_invalid', undefined, 'failed'],
    [75, 'the IP whitelist of one account lacks us', 'ip_not_whitelisted', 'wxa', 'partial'],
    [78, 'the IP whitelist of every account lacks us', 'ip_not_whitelisted', undefined, 'failed'],
  ])('%i: %s', async (code, _what, fault, appId, outcome) => {
    always(fault, appId);
    const result = await run('sync -c memory.yaml --json --skip-exit-code');
    expect([result.code, reportOf(result).outcome]).toEqual([code, outcome]);
  });

  test('75: the time of --timeout is over, and the report says how many were not reached', async () => {
    always('hang', many[20]);
    writeConfig('slow.yaml', { accounts: accountsOf(many), concurrency: 1, totalTimeoutMs: 600_000 });
    const result = await run('sync -c slow.yaml --json --timeout 4s');
    const { outcome, accounts, problems } = reportOf(result);
    expect([result.code, outcome, accounts.selected]).toEqual([75, 'partial', 40]);
    expect(accounts.unreached).toBeGreaterThanOrEqual(20);
    expect(accounts.changed + accounts.unreached).toBe(40);
    expect(problems).toMatchObject([{ app_id: null, kind: 'run', code: 'out_of_time' }]);
    expect(result.stderr).toContain(problems[0]?.message);
    expect((await run('sync -c slow.yaml --timeout 50')).code).toBe(64);
  });

  test('75: the time of --timeout is over before the platform has listed its accounts', async () => {
    const componentAppId = 'wxcomponent';
    await using platform = await startSimulator({ accounts: [], platform: { componentAppId } });
    platform.inject({ fault: 'hang', endpoint: 'authorizer_list', times: 'always' });
    writeConfig('listing.yaml', {
      baseUrl: platform.url,
      totalTimeoutMs: 600_000,
      accounts: { platform: 'all' },
      platform: {
        componentAppId,
        componentAccessToken: { file: 'component.token' },
        tokenStore: { file: 'refresh.json' },
      },
    });
    writeFileSync(join(cwd, 'component.token'), platform.componentAccessToken());
    const result = await run('sync -c listing.yaml --json --timeout 2s');
    expect([result.code, JSON.parse(result.stdout)]).toMatchObject([75, { error: { code: 'out_of_time' } }]);
    expect(result.stderr).toContain('remedy: run again, with more time: a page has 500 accounts');
    platform.clearFaults();
    expect((await run('sync -c listing.yaml --json --timeout 1m')).code).toBe(0);
  });

  test('77: the only secret is wrong; 75: one of two', async () => {
    writeConfig('wrong.yaml', {
      accounts: [{ appId: 'wxa', appSecret: { file: 'wrong.secret' } }, ...accountsOf(['wxb'])],
    });
    expect((await run('sync -c wrong.yaml --app-id wxa')).code).toBe(77);
    expect((await run('sync -c wrong.yaml')).code).toBe(75);
  });

  test('each problem is a line of the JSON log, and the end is as loud as it is bad', async () => {
    always('unknown_code', 'wxa');
    const logged = async (args: string) => {
      const { stderr } = await run(`${args} --log-format json --log-level warn`);
      const lines = stderr.trimEnd().split('\n');
      return lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    };
    const problem = {
      level: 'error',
      app_id: 'wxa',
      kind: 'failed',
      code: expect.any(String),
      message: expect.any(String),
      remedy: expect.any(String),
      msg: 'problem',
    };
    expect(await logged('sync -c memory.yaml')).toMatchObject([
      problem,
      { level: 'warn', outcome: 'partial', problems_total: 1, exit_code: 75, msg: 'sync ended' },
    ]);
    expect(await logged('sync -c memory.yaml --app-id wxa')).toMatchObject([
      problem,
      { level: 'error', outcome: 'failed', problems_total: 1, msg: 'sync ended' },
    ]);
  });

  test('78: the only secret is missing; 75: one of two', async () => {
    writeConfig('missing.yaml', {
      accounts: [{ appId: 'wxa', appSecret: { env: 'NOT_SET' } }, ...accountsOf(['wxb'])],
    });
    const alone = await run('sync -c missing.yaml --app-id wxa');
    expect([alone.code, alone.stdout]).toEqual([
      78,
      expect.stringContaining('environment variable NOT_SET is not set'),
    ]);
    expect((await run('sync -c missing.yaml')).code).toBe(75);
  });

  test('69: nobody listens', async () => {
    writeConfig('gone.yaml', { accounts: accountsOf(two), baseUrl: 'http://127.0.0.1:9' });
    expect((await run('sync -c gone.yaml')).code).toBe(69);
    expect((await run('check -c gone.yaml')).code).toBe(69);
  });
});

describe('before anything is fetched', () => {
  test.each([
    [64, 'sync -c memory.yaml --app-id wx-nobody'],
    [64, 'sync -c memory.yaml --shard 2'],
    [64, 'synk'],
    [78, 'sync -c nowhere.yaml'],
    [78, 'sync -c bad.yaml'],
    [69, 'sync -c unreachable.yaml'],
    [78, 'sync -c not-migrated.yaml'],
    [74, 'sync -c occupied.yaml'],
  ])('%i: %s', async (code, args) => {
    writeFileSync(join(cwd, 'bad.yaml'), 'target: { type: pglite, pth: ./db }\n');
    writeConfig('unreachable.yaml', {
      accounts: accountsOf(two),
      target: { type: 'postgres', url: 'postgres://u@127.0.0.1:9/db' },
    });
    writeConfig('not-migrated.yaml', { accounts: accountsOf(two), target: { type: 'memory', autoMigrate: false } });
    writeConfig('occupied.yaml', { accounts: accountsOf(two), target: { type: 'pglite', path: '.' } });
    const result = await run(args);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(/^error: .+\nremedy: .+\n$/m);
    expect(simulator.requests).toEqual([]);
  });

  test('65: a bad line of a replay; 74: a file that is not there', async () => {
    expect((await run('replay - -c memory.yaml --quiet', '{"app_id":"wxa"}\n')).code).toBe(65);
    expect((await run('replay no.ndjson -c memory.yaml')).code).toBe(74);
  });

  test('74: metrics that cannot be written, though the run itself went well', async () => {
    const well = await run('sync -c memory.yaml --json --metrics-file no/where.prom');
    expect([well.code, reportOf(well).outcome]).toEqual([74, 'ok']);
    expect(well.stderr).toContain('\nremedy: ');
    always('unknown_code');
    expect((await run('sync -c memory.yaml --metrics-file no/where.prom')).code, 'its own trouble comes first').toBe(
      75,
    );
  });
});

describe('a signal', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)(
    '%s in the middle of a slow sync is a clean stop, and the next run does the rest',
    async (signal, code) => {
      simulator.inject({ fault: 'slow', times: 'always', delayMs: 100 });
      const child = startCli(['sync', '-c', 'many.yaml', '--json', '--metrics-file', 'stopped.prom'], { cwd });
      const end = ended(child);
      const lists = () => simulator.requests.filter(({ path }) => path === '/wxaapi/log/get_scene').length;
      while (lists() < 12) await new Promise(setImmediate);
      child.kill(signal);
      const stopped = await end;
      const report = reportOf(stopped);
      expect([stopped.code, report.outcome]).toEqual([code, 'partial']);
      const { selected, changed, unchanged, failed, unreached } = report.accounts;
      const reached = changed + unchanged;
      expect([selected, reached + unreached]).toEqual([40, 40]);
      expect([reached >= 8 && reached < 40, failed, report.problems]).toEqual([true, 0, []]);
      expect(report.observations.recorded, 'fetched answers are stored').toBe(reached);
      expect(readFileSync(join(cwd, 'stopped.prom'), 'utf8')).toContain('scenedim_run_accounts');

      if (signal !== 'SIGTERM') return;
      simulator.clearFaults();
      const rest = await run('sync -c many.yaml --json --max-age 1h');
      expect([rest.code, reportOf(rest).accounts.fresh]).toEqual([0, reached]);
      expect((await run('verify -c many.yaml --quiet')).code).toBe(0);
    },
  );

  test('while the target is waited for ends the wait with 143', async () => {
    const holder = startCli(['replay', '-', '-c', 'disk.yaml'], { cwd });
    const held = ended(holder);
    await untilHeld(join(cwd, 'db'), holder);
    const child = startCli(['sync', '-c', 'disk.yaml', '--lock-timeout', '5m'], { cwd });
    const end = ended(child);
    let told = '';
    for await (const text of on(child.stderr, 'data')) {
      told += text;
      if (told.includes(`held by process ${holder.pid} on `)) break;
    }
    child.kill('SIGTERM');
    expect((await end).code).toBe(143);
    holder.stdin.end();
    expect((await held).code).toBe(0);
  });
});
