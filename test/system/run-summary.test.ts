/** What a run leaves behind for whoever was not there. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { cronCommandOf } from '../support/documents.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, cliPath, ended, runCli, startCli } from '../support/spawn-cli.ts';

const run = promisify(execFile);
const account = 'wxa';

let cwd = '';
let simulator: Simulator;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-summary-'));
  simulator = await startSimulator({ accounts: [{ appId: account }] });
  await copyPglite(join(cwd, 'db'));
  const source = {
    baseUrl: simulator.url,
    accounts: [{ appId: account, accessToken: { env: 'TOKEN' } }],
  };
  writeFileSync(at('scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const at = (name: string): string => join(cwd, name);
const options = () => ({ cwd, env: { TOKEN: simulator.accessToken(account) } });
const scenedim = (args: string): Promise<CliResult> => runCli([...args.split(' '), '--log-format', 'json'], options());

function lastLine({ stderr }: CliResult): Record<string, unknown> {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
}

describe('the last line of the log', () => {
  test.each([
    ['sync', 0, 'ok'],
    ['sync --skip-exit-code', 99, 'nothing_changed'],
    ['rebuild', 0, 'nothing_changed'],
    ['verify', 0, 'ok'],
    ['compact --keep 90d --confirm scene', 0, 'nothing_changed'],
  ])('of %s is its summary', async (args, code, outcome) => {
    const result = await scenedim(`${args} --json`);
    expect(result.code).toBe(code);
    const { level, time, msg, elapsed_ms: elapsed, ...summary } = lastLine(result);
    const command = args.split(' ')[0];
    expect([level, msg, typeof elapsed, typeof time]).toEqual(['info', `${command} ended`, 'number', 'string']);
    const report = Object.entries(JSON.parse(result.stdout)).filter(([, value]) => !Array.isArray(value));
    expect(summary).toEqual({ command, exit_code: code, ...Object.fromEntries(report), outcome });
  });

  test('is there when the run broke off, after the error', async () => {
    const unreachable = { ...options(), env: { SCENEDIM_TARGET_PATH: './scenedim.yaml', TOKEN: 'x' } };
    const result = await runCli(['sync', '--log-format', 'json'], unreachable);
    const lines = result.stderr
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    const error = { code: 'file_unusable', message: expect.any(String), remedy: expect.any(String) };
    expect([result.code, ...lines]).toEqual([
      74,
      expect.objectContaining({ level: 'error', ...error }),
      expect.objectContaining({ level: 'error', outcome: 'failed', exit_code: 74, error, msg: 'sync ended' }),
    ]);
  });

  test('is there after a defect that nobody caught, which the metrics tell, too', async () => {
    const crashes = `export const loaderFactory = {
      parseConfig: (section) => section,
      create: () => new Promise(() => setTimeout(() => { throw new Error('nobody caught this'); }, 1)),
    };`;
    writeFileSync(at('crash.mjs'), crashes);
    writeFileSync(at('crash.yaml'), JSON.stringify({ target: { type: './crash.mjs' } }));
    const args = ['verify', '--config', 'crash.yaml', '--log-format', 'json', '--metrics-file', 'crash.prom'];
    const result = await runCli(args, { cwd });
    expect([result.code, lastLine(result)]).toMatchObject([70, { exit_code: 70, error: { code: 'internal' } }]);
    expect(readFileSync(at('crash.prom'), 'utf8')).toMatch(/^scenedim_run_exit_code\{.*\} 70$/m);
  });

  test('tells the signal that stopped the run', async () => {
    simulator.inject({ fault: 'hang', times: 1 });
    simulator.clearRequests();
    const child = startCli(['sync', '--json', '--log-format', 'json'], options());
    const end = ended(child);
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(1);
    child.kill('SIGTERM');
    const result = await end;
    expect([result.code, lastLine(result)['exit_code'], lastLine(result)['outcome']]).toEqual([143, 143, 'partial']);
  });

  test('is there when a run is stopped whose report nobody reads', async () => {
    await run('mkfifo', [at('stalled')]);
    const pipe = openSync(at('stalled'), constants.O_RDWR | constants.O_NONBLOCK);
    expect(() => {
      for (;;) writeSync(pipe, Buffer.alloc(4096));
    }).toThrow('EAGAIN');
    simulator.clearRequests();
    const args = [cliPath, 'sync', '--json', '--log-format', 'json'];
    const child = spawn(process.execPath, args, { ...options(), stdio: ['ignore', pipe, 'pipe'] });
    const stderr = child.stderr?.setEncoding('utf8').toArray();
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(1);
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    closeSync(pipe);
    const last = lastLine({ code, stdout: '', stderr: ((await stderr) ?? []).join('') });
    expect([code, last['msg'], last['exit_code']]).toEqual([143, 'sync ended', 143]);
  });

  test('of what never began is its error', async () => {
    const result = await scenedim('sync --config nowhere.yaml');
    expect(lastLine(result)).toMatchObject({ code: 'config_invalid', msg: 'the command failed' });
  });
});

/** What a shell does with a command line in which `scenedim` is a command. */
async function shell(line: string, more: Readonly<Record<string, string>> = {}) {
  const program = `scenedim() { "${process.execPath}" "${cliPath}" "$@"; }`;
  const env = { ...process.env, ...options().env, ...more };
  return await run('sh', ['-c', `${program}; ${line}; echo " $?"`], { cwd, env });
}

describe('the line of README.md for cron, which mails what is printed', () => {
  const line = cronCommandOf('README.md').replace('cd /srv/scenedim', 'true');

  test('prints nothing when all is well', async () => {
    expect(await shell(line)).toEqual({ stdout: ' 0\n', stderr: '' });
  });

  test.each([
    ['the target cannot be opened', { SCENEDIM_TARGET_PATH: './scenedim.yaml' }, '"code":"file_unusable"'],
    ['an account fails', { TOKEN: 'wrong' }, '40001'],
    ['the config is wrong', { SCENEDIM_TARGET_TYPE: 'oracle' }, '"code":"config_invalid"'],
  ])('tells when %s', async (_, env, says) => {
    const { stdout, stderr } = await shell(line, env);
    expect([stdout, stderr]).toEqual([expect.stringContaining(says), '']);
    expect(stdout).toContain('remedy');
  });
});

describe('--summary-file', () => {
  test.each(['sync', 'verify', 'rebuild', 'compact --keep 90d --confirm scene'])(
    'of %s is what --json prints',
    async (args) => {
      writeFileSync(at('summary.json'), 'something older that is longer than what comes'.repeat(100));
      const { stdout, code } = await scenedim(`${args} --json --summary-file summary.json`);
      expect(code).toBe(0);
      expect(JSON.parse(readFileSync(at('summary.json'), 'utf8'))).toEqual(JSON.parse(stdout));
    },
  );

  test('goes into a pipe', async () => {
    await run('mkfifo', [at('pipe')]);
    const [reader, { code }] = await Promise.all([run('cat', [at('pipe')]), scenedim('sync --summary-file pipe')]);
    expect([code, JSON.parse(reader.stdout).outcome]).toEqual([0, 'nothing_changed']);
  });

  const file = (name: string): string[] => readFileSync(at(name), 'utf8').trimEnd().split('\n');

  test.each(['/dev/stderr', '/dev/fd/2', '/proc/self/fd/2', 'link'])(
    'goes to standard error as %s, which appends to a log that stays as it is',
    async (name) => {
      writeFileSync(at('sync.log'), 'of another run\n');
      await run('ln', ['-sf', '/dev/stderr', at('link')]);
      await shell(`scenedim sync --log-format json --summary-file ${name} 2>>sync.log`);
      const [earlier, summary, ended] = file('sync.log');
      expect([earlier, JSON.parse(summary ?? '').outcome, JSON.parse(ended ?? '').msg]).toEqual([
        'of another run',
        'nothing_changed',
        'sync ended',
      ]);
    },
  );

  test('goes to a standard stream that is a socket, as systemd and Node give them', async () => {
    for (const stream of ['stdout', 'stderr'] as const) {
      const { code, [stream]: text } = await scenedim(`sync --summary-file /dev/${stream}`);
      expect([code, text]).toEqual([0, expect.stringMatching(/^\{"run_id":.+,"problems":\[\]/m)]);
    }
  });

  test('goes to what the shell has opened, and takes a pipe that is standard output, too', async () => {
    writeFileSync(at('summaries'), 'of another run\n');
    await shell('scenedim sync --summary-file /dev/fd/3 3>>summaries');
    expect([file('summaries')[0], JSON.parse(file('summaries')[1] ?? '').outcome]).toEqual([
      'of another run',
      'nothing_changed',
    ]);
    const { stdout } = await shell('scenedim sync --quiet --summary-file /dev/fd/3 3>&1 | cat');
    expect(stdout).toContain('"outcome":"nothing_changed"');
  });

  test('74 for a descriptor that nobody opened, also where Node has one of its own', async () => {
    for (const number of [3, 5, 6, 7, 8, 9, 99]) {
      const { stdout, stderr } = await shell(`scenedim sync --quiet --summary-file /dev/fd/${number}`);
      // A device that Node keeps open may be written.
      if (stdout === ' 0\n') continue;
      expect([number, stdout]).toEqual([number, ' 74\n']);
      expect(stderr).toContain(`/dev/fd/${number} cannot be written (EBADF)`);
      expect(stderr).toContain('remedy: open it where the command is started, like 3>FILE for /dev/fd/3');
    }
    expect((await shell('scenedim sync --quiet --summary-file /dev/fd/3 3>opened')).stdout).toBe(' 0\n');
  });

  test.each([
    ['broke off', 74, 'file_unusable', { SCENEDIM_TARGET_PATH: './scenedim.yaml' }],
    ['never began', 78, 'config_invalid', { SCENEDIM_CONFIG: 'nowhere.yaml' }],
  ])('holds the error of a run that %s', async (_, code, error, env) => {
    const args = ['sync', '--json', '--summary-file', 'failed.json'];
    const result = await runCli(args, { cwd, env: { TOKEN: 'x', ...env } });
    const written = JSON.parse(readFileSync(at('failed.json'), 'utf8'));
    expect([result.code, written, written.error.code]).toEqual([code, JSON.parse(result.stdout), error]);
  });

  test('74 when it cannot be written, which the last line tells, and the report is printed all the same', async () => {
    const result = await scenedim('sync --json --summary-file no/where.json');
    expect([result.code, JSON.parse(result.stdout).outcome]).toEqual([74, 'nothing_changed']);
    const message = expect.stringContaining('no/where.json cannot be written (ENOENT)');
    expect(lastLine(result)).toMatchObject({
      level: 'error',
      exit_code: 74,
      error: { code: 'file_unusable', message, remedy: expect.any(String) },
    });
    expect(result.stderr).toContain('no/where.json cannot be written (ENOENT)');
  });

  test.each([
    ['it cannot be written', '--summary-file no/where.json'],
    ['the report cannot be printed', '>/dev/full'],
  ])('74 when %s, which the metrics tell, too', async (_, rest) => {
    const { stderr } = await shell(`scenedim sync --metrics-file full.prom ${rest}`);
    expect(stderr).toContain('cannot be written');
    const metrics = file('full.prom').filter((line) =>
      /^scenedim_(?:run_success|run_exit_code|last_success)/.test(line),
    );
    expect(metrics).toEqual([expect.stringMatching(/_exit_code.* 74$/), expect.stringMatching(/_run_success.* 0$/)]);
  });
});
