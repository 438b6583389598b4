/** What reports, `status` and `check` say about accounts that failed or are held: the remedy of their kind, the rid, the state. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, runCli } from '../support/spawn-cli.ts';

const appIds = ['wx-secret', 'wx-token'];
const RID = '[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}';

let cwd = '';
let simulator: Simulator;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-accounts-'));
  simulator = await startSimulator({ accounts: appIds.map((appId) => ({ appId })) });
  writeFileSync(join(cwd, 'secret'), simulator.appSecret('wx-secret'));
  writeFileSync(join(cwd, 'token'), simulator.accessToken('wx-token'));
  writeFileSync(join(cwd, 'accounts.csv'), 'app_id,secret_file,token_file\nwx-secret,secret,\nwx-token,,token\n');
  const target = { type: 'pglite', path: './db' };
  const source = { baseUrl: simulator.url, accounts: { file: 'accounts.csv' } };
  writeFileSync(join(cwd, 'scenedim.yaml'), JSON.stringify({ source, target }));
  writeFileSync(join(cwd, 'bare.yaml'), JSON.stringify({ target }));
  await copyPglite(join(cwd, 'db'));
  expect((await run('sync')).code).toBe(0);
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});
beforeEach(() => simulator.clearFaults());

async function run(args: string): Promise<CliResult> {
  return runCli(args.split(' '), { cwd });
}

async function json(args: string) {
  return JSON.parse((await run(`${args} --json`)).stdout);
}

interface Told {
  readonly app_id: string;
  readonly remedy: string;
}

const inject = (code: number, appId: string, endpoint?: 'stable_token') =>
  simulator.inject({ fault: 'errcode', code, appId, times: 'always', ...(endpoint !== undefined && { endpoint }) });

test('40001, 48001 and 40164 get the remedy of their kind of account: plan, report, log, status and check', async () => {
  inject(40001, 'wx-secret', 'stable_token');
  inject(48001, 'wx-token');
  const remedies = ({ problems }: { readonly problems: readonly Told[] }) =>
    Object.fromEntries(problems.map(({ app_id, remedy }) => [app_id, remedy]));
  const expected = {
    'wx-secret': 'check the appSecret of this account',
    'wx-token': expect.stringMatching(/^look at the interface permissions of this account at mp\.weixin\.qq\.com/),
  };
  expect(remedies(await json('plan'))).toEqual(expected);
  const logged = await run('sync --log-format json --quiet');
  expect(logged.code).toBe(75);
  const lines = logged.stderr.split('\n').filter((line) => line !== '');
  const problems = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'problem') as Told[];
  expect(remedies({ problems })).toEqual(expected);

  const { stdout } = await run('status');
  expect(stdout).toContain('    remedy: check the appSecret of this account; when it is right, run again');
  expect(stdout).toContain('    remedy: look at the interface permissions of this account');
  expect(stdout).not.toMatch(/renew the access token|platform|permission set/);
  const { findings } = await json('check');
  expect(findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        subject: 'newest attempt',
        message: expect.stringMatching(/^wx-secret: failed at 20.*Z: WeChat answered 40001: .*rid: /),
        remedy: expect.stringMatching(/^check the appSecret/),
      }),
      expect.objectContaining({ subject: 'newest attempt', message: expect.stringMatching(/^wx-token: /) }),
    ]),
  );
  expect((await run('status -c bare.yaml')).stdout, 'without a list').toContain('with an appSecret: ');
});

test('an account with a token of its own is told to renew the token', async () => {
  inject(40001, 'wx-token');
  const { problems } = await json('sync');
  expect(problems[0].remedy).toMatch(/^renew the access token where it is maintained/);
  expect((await run('status')).stdout).toContain('    remedy: renew the access token where it is maintained');
});

test('the IP that lacks in a whitelist is named by status, too', async () => {
  simulator.inject({ fault: 'ip_not_whitelisted', appId: 'wx-secret', times: 'always', endpoint: 'stable_token' });
  await run('sync');
  const remedy = 'add 203.0.113.7 to the IP whitelist of this account at mp.weixin.qq.com';
  expect((await run('status')).stdout).toContain(`    remedy: ${remedy}\n`);
});

test('the rid that is a member of its own is in status and check, until an answer came', async () => {
  simulator.inject({ fault: 'system_busy_rid', appId: 'wx-token', times: 'always' });
  await run('sync --app-id wx-token');
  expect((await run('status')).stdout).toMatch(new RegExp(`\\n    wx-token: WeChat answered -1: .*${RID}`));
  const row = async () => (await json('status --app-id wx-token')).accounts[0];
  expect(await row()).toMatchObject({ last_error_code: '-1', last_error_message: expect.stringMatching(RID) });
  expect((await run('check')).stdout).toMatch(new RegExp(RID));
  simulator.clearFaults();
  await run('sync');
  expect(await row()).toMatchObject({ state: 'ok', last_error_code: null, last_error_message: null });
  expect((await run('verify')).code).toBe(0);
});

test('a failure of an account that is not listed any more is no trouble for check, and status says so', async () => {
  inject(40001, 'wx-token');
  await run('sync');
  expect((await run('check')).stdout).toContain('wx-token: failed at ');
  const list = join(cwd, 'accounts.csv');
  const all = readFileSync(list, 'utf8');
  writeFileSync(list, all.replace('wx-token,,token\n', ''));
  expect((await run('check')).stdout).not.toContain('wx-token');
  const remedy = 'none is needed; to have it asked again, list it in source.accounts, or let it authorise the platform';
  expect((await run('status')).stdout).toContain(`    remedy: ${remedy}\n`);
  writeFileSync(list, all);
  simulator.clearFaults();
  await run('sync');
  expect(await json('status --app-id wx-token')).toMatchObject({ accounts: [{ state: 'ok' }] });
});

test('an answer held by hand waits for nobody; one that a guard holds does', async () => {
  const { accounts } = await json('status --app-id wx-token');
  const at = accounts[0].last_ok_at;
  expect((await run(`hold --app-id wx-token --observed-at ${at}`)).code).toBe(0);
  const row = async () => (await json('status --app-id wx-token')).accounts[0];
  expect(await row()).toMatchObject({ state: 'ok', held: false });
  const status = await run('status');
  expect(status.stdout).not.toMatch(/held|accept/);
  const check = await run('check');
  expect([check.code, check.stdout.match(/accept/)]).toEqual([0, null]);

  simulator.inject({ fault: 'empty_list', appId: 'wx-token', times: 'always' });
  expect((await run('sync')).code).toBe(65);
  expect(await row()).toMatchObject({ state: 'held', held: true });
  expect((await run('status')).stdout).toContain(
    'remedy: if its newest answer is right: scenedim accept --app-id wx-token\n',
  );
  expect((await run('check')).code).toBe(65);
});

test('the answer that waits is named by its time when a newer one is held by hand, and accept takes it', async () => {
  simulator.inject({ fault: 'empty_list', appId: 'wx-secret', times: 'always' });
  expect((await run('sync')).code).toBe(65);
  const waiting = (await json('status --app-id wx-secret')).accounts[0].last_observed_at;
  simulator.clearFaults();
  await run('sync');
  const newest = (await json('status --app-id wx-secret')).accounts[0].last_ok_at;
  await run(`hold --app-id wx-secret --observed-at ${newest}`);
  const command = `accept --app-id wx-secret --observed-at ${waiting}`;
  expect((await run('status')).stdout).toContain(`remedy: if that answer is right: scenedim ${command}\n`);
  expect((await run(command)).code).toBe(0);
  expect((await json('status --app-id wx-secret')).accounts[0]).toMatchObject({ held: false, last_ok_at: waiting });
});
