/** A run that pushes its metrics, to a server that plays a Pushgateway. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { type LoopbackServer, listenOnLoopback } from '../support/listen-on-loopback.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, ended, runCli, startCli } from '../support/spawn-cli.ts';

const account = 'wxa';
const password = 'Pass-Wort/9';
const credentials = `scenedim:${encodeURIComponent(password)}`;

interface Push {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

let cwd = '';
let simulator: Simulator;
let server: LoopbackServer;
let pushes: Push[] = [];
let answer: (response: ServerResponse) => void;

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url: path, headers } = request;
  pushes.push({ method, path, authorization: headers.authorization, body: await text(request) });
  answer(response);
}

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-push-'));
  simulator = await startSimulator({ accounts: [{ appId: account }] });
  await copyPglite(join(cwd, 'db'));
  const accounts = [{ appId: account, accessToken: { env: 'TOKEN' } }];
  const source = { baseUrl: simulator.url, accounts };
  writeFileSync(join(cwd, 'scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
  server = await listenOnLoopback((request, response) => void take(request, response));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});
beforeEach(() => {
  pushes = [];
  answer = (response) => response.writeHead(200).end();
});

const gateway = (): string => new URL(server.url).host;
const options = (env: Readonly<Record<string, string>> = {}) => ({
  cwd,
  env: { TOKEN: simulator.accessToken(account), ...env },
});
const scenedim = (args: readonly string[], env = {}): Promise<CliResult> =>
  runCli([...args, '--log-format', 'json'], options(env));

/** Labels of a group, as the path of a push names them. */
function groupOf({ path = '' }: Push): Readonly<Record<string, string>> {
  const [, group = ''] = path.split('/metrics/');
  const parts = group.split('/');
  const pairs = parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : []));
  return Object.fromEntries(
    pairs.map(([name, value]) => {
      const [label = '', encoding] = name.split('@');
      return [label, encoding === undefined ? value : Buffer.from(value, 'base64url').toString()];
    }),
  );
}

const warningsOf = ({ stderr }: CliResult): readonly { readonly msg: string; readonly error: string }[] =>
  stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ level, msg }) => level === 'warn' && msg === 'the Pushgateway was not told');

describe('--pushgateway', () => {
  test.each([
    [['sync'], 'sync'],
    [['sync', '--shard', '0/2'], 'sync'],
    [['rebuild'], 'rebuild'],
    [['verify'], 'verify'],
    [['compact', '--keep', '90d', '--confirm', 'scene'], 'compact'],
  ] as const)('is told of %j in its own group, by POST', async (args, command) => {
    const { code, stderr } = await scenedim([...args, '--pushgateway', `http://${gateway()}`]);
    expect([code, pushes.length, stderr.includes('was not told')]).toEqual([0, 1, false]);
    const [push] = pushes as [Push];
    const target = `file/${join(cwd, 'db')}.scene`;
    const shard = args.length === 3 ? { shard: '0' } : {};
    expect([push.method, groupOf(push)]).toEqual(['POST', { job: 'scenedim', command, target, ...shard }]);
    const labels = Object.entries({ command, target, ...shard }).map(([name, value]) => `${name}="${value}"`);
    expect(push.body).toContain(`\nscenedim_run_success{${labels.join(',')}} 1\n`);
    expect(push.body).toContain(`\nscenedim_last_success_timestamp_seconds{${labels.join(',')}} `);
  });

  test('is told how the accounts of the run stand', async () => {
    await scenedim(['sync', '--pushgateway', `http://${gateway()}`]);
    const [whole] = pushes as [Push];
    expect(whole.body).toMatch(/^scenedim_accounts\{.*,state="ok"\} 1$/m);
    expect(whole.body).toMatch(/^scenedim_oldest_answer_timestamp_seconds\{.*\} 1\d{9}(?:\.\d+)?$/m);
    pushes = [];
    for (const shard of ['0/2', '1/2'])
      await scenedim(['sync', '--shard', shard, '--pushgateway', `http://${gateway()}`]);
    const counts = pushes.map(({ body }) => /^scenedim_accounts\{.*,state="ok"\} (\d+)$/m.exec(body)?.[1]);
    expect(counts.sort()).toEqual(['0', '1']);
  });

  test('is told of a run that could not read its config, in the group of no target', async () => {
    const { code } = await scenedim([
      'sync',
      '--config',
      'nowhere.yaml',
      '--pushgateway',
      `http://${gateway()}/prefix/`,
    ]);
    const [push] = pushes as [Push];
    expect([code, push.path?.startsWith('/prefix/metrics/job/'), groupOf(push)]).toEqual([
      78,
      true,
      { job: 'scenedim', command: 'sync' },
    ]);
    expect(push.body).toContain('scenedim_run_problems{command="sync",kind="run",code="config_invalid"} 1\n');
    expect(push.body).not.toContain('scenedim_last_success');
  });

  test('may be a variable, which plan does not heed', async () => {
    const env = { SCENEDIM_PUSHGATEWAY: `http://${gateway()}` };
    expect([(await scenedim(['plan'], env)).code, pushes.length]).toEqual([0, 0]);
    expect([(await scenedim(['verify'], env)).code, pushes.length]).toEqual([0, 1]);
    expect([(await scenedim(['verify'], { SCENEDIM_PUSHGATEWAY: '' })).code, pushes.length]).toEqual([0, 1]);
  });

  test('is not listened to once it said yes', async () => {
    let isHeardOut = true;
    answer = (response) => {
      response.writeHead(202);
      let left = 10;
      const timer = setInterval(() => (left-- > 0 ? response.write('.') : response.end()), 100);
      response.once('close', () => {
        clearInterval(timer);
        isHeardOut = response.writableFinished;
      });
    };
    const { code } = await scenedim(['sync', '--pushgateway', `http://${gateway()}`]);
    await expect.poll(() => isHeardOut).toBe(false);
    expect(code).toBe(0);
  });

  test('is reached without the proxies of the environment', async () => {
    const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: 'http://127.0.0.1:9', http_proxy: 'http://127.0.0.1:9' };
    expect([(await scenedim(['verify', '--pushgateway', `http://${gateway()}`], env)).code, pushes.length]).toEqual([
      0, 1,
    ]);
  });

  test('takes user and password, which nobody sees, though the gateway says them', async () => {
    answer = (response) => response.writeHead(401).end(`no ${password} for ${pushes[0]?.authorization}\nsecond line`);
    const level = ['--log-level', 'debug'];
    const result = await scenedim([
      'verify',
      '--json',
      ...level,
      '--pushgateway',
      `http://${credentials}@${gateway()}`,
    ]);
    const basic = Buffer.from(`scenedim:${password}`).toString('base64');
    expect([result.code, pushes[0]?.authorization]).toEqual([0, `Basic ${basic}`]);
    expect(warningsOf(result)).toMatchObject([
      { error: expect.stringContaining(`${gateway()} answered HTTP 401: no [red`) },
    ]);
    const said = result.stdout + result.stderr;
    expect(
      [password, encodeURIComponent(password), basic, 'second line'].filter((each) => said.includes(each)),
    ).toEqual([]);
  });
});

describe('a Pushgateway that does not take metrics is a warning and no failure:', () => {
  const troubles: Readonly<Record<string, readonly [(response: ServerResponse) => void, string]>> = {
    'an error': [
      (response) => response.writeHead(500).end('disk \u001b[31mfull\nmore'),
      'answered HTTP 500: disk  [31mfull',
    ],
    'an error without words': [(response) => response.writeHead(503).end(), 'answered HTTP 503'],
    'a redirect': [(response) => response.writeHead(302, { location: 'http://192.0.2.1/' }).end(), 'answered HTTP 302'],
    'no answer': [() => {}, 'did not take the metrics within 5 s'],
    'an answer that drips': [
      (response) => {
        response.writeHead(400);
        const timer = setInterval(() => response.write('.'), 100);
        response.once('close', () => clearInterval(timer));
      },
      'answered HTTP 400',
    ],
    'another protocol': [
      (response) => response.writeHead(101, { connection: 'upgrade', upgrade: 'x' }).end(),
      'did not take the metrics (no reason given)',
    ],
    'a connection that breaks': [(response) => response.destroy(), 'did not take the metrics (ECONNRESET)'],
  };

  test.each(Object.entries(troubles))('%s', async (_, [trouble, said]) => {
    answer = trouble;
    const result = await scenedim(['verify', '--json', '--pushgateway', `http://${gateway()}`]);
    expect([result.code, JSON.parse(result.stdout).outcome, pushes.length]).toEqual([0, 'ok', 1]);
    expect(warningsOf(result)).toMatchObject([{ error: expect.stringContaining(`http://${gateway()} ${said}`) }]);
  });

  test('nobody there', async () => {
    const result = await scenedim(['verify', '--pushgateway', 'http://127.0.0.1:9']);
    expect([result.code, warningsOf(result)[0]?.error]).toEqual([
      0,
      'http://127.0.0.1:9 did not take the metrics (ECONNREFUSED)',
    ]);
  });

  test('a signal that comes while it is told, which changes no exit status', async () => {
    const args = ['sync', '--log-format', 'json', '--pushgateway', `http://${gateway()}`];
    const child = startCli(args, options());
    answer = (response) => {
      child.kill('SIGTERM');
      setTimeout(() => response.writeHead(200).end(), 500);
    };
    const { code, stderr } = await ended(child);
    expect([code, JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')['exit_code']]).toEqual([0, 0]);
    expect(pushes[0]?.body).toMatch(/^scenedim_run_exit_code\{.*\} 0$/m);
  });

  test('no answer to a run that is stopped, which ends with 143 within its grace', async () => {
    answer = () => {};
    simulator.inject({ fault: 'hang', times: 1 });
    simulator.clearRequests();
    const args = ['sync', '--log-format', 'json', '--metrics-file', 'stopped.prom'];
    writeFileSync(join(cwd, 'stopped.prom'), '');
    const child = startCli([...args, '--pushgateway', `http://${gateway()}`], options());
    const end = ended(child);
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(1);
    child.kill('SIGTERM');
    const result = await end;
    expect([result.code, warningsOf(result).length, result.stderr.includes('--grace')]).toEqual([143, 1, false]);
    const labels = `command="sync",target="file/${join(cwd, 'db')}.scene"`;
    expect(pushes[0]?.body).toContain(`scenedim_run_exit_code{${labels}} 143\n`);
    expect(readFileSync(join(cwd, 'stopped.prom'), 'utf8')).toBe(pushes[0]?.body);
  });
});

describe('a URL that is none of a Pushgateway', () => {
  const remedy = 'write it as http://HOST:9091: the run adds the path of its group';

  test.each(['gateway:9091', 'ftp://gateway', 'http://gateway/?job=x', 'http://gateway:9091/metrics/job/x', 'http://'])(
    'is refused before anything is done: %s',
    async (url) => {
      const given = await scenedim(['verify', '--pushgateway', url]);
      const variable = await scenedim(['verify'], { SCENEDIM_PUSHGATEWAY: url });
      expect([given.code, variable.code]).toEqual([64, 78]);
      for (const { stderr } of [given, variable]) expect(JSON.parse(stderr)).toMatchObject({ remedy });
      const right = await scenedim(['verify', '--pushgateway', `http://${gateway()}`]);
      expect([right.code, pushes.length]).toEqual([0, 1]);
    },
  );

  test('is not shown when a password in it is not encoded', async () => {
    for (const env of [{}, { SCENEDIM_PUSHGATEWAY: 'http://u:secret/9@host' }]) {
      const args = 'SCENEDIM_PUSHGATEWAY' in env ? [] : ['--pushgateway', 'http://u:secret/9@host'];
      const { code, stderr, stdout } = await scenedim(['verify', ...args], env);
      expect([code === 64 || code === 78, `${stderr}${stdout}`.includes('secret/9')]).toEqual([true, false]);
    }
  });
});

describe('--metrics-file', () => {
  const samplesOf = (name: string) =>
    new Map(
      [...readFileSync(join(cwd, 'run.prom'), 'utf8').matchAll(/^([a-z_]+)\{(.*)\} (\S+)$/gm)]
        .filter(([, metric]) => metric === name)
        .map(([, , labels = '', value = '']) => [labels, value]),
    );
  const success = 'scenedim_last_success_timestamp_seconds';

  test('keeps the last success over runs that fail, whatever they fail by', async () => {
    expect((await scenedim(['sync', '--metrics-file', 'run.prom'])).code).toBe(0);
    const kept = samplesOf(success);
    const accounts = samplesOf('scenedim_accounts');
    expect([kept.size, accounts.size]).toEqual([1, 5]);
    for (const [args, env, code] of [
      [[], { TOKEN: 'wrong' }, 77],
      [['--config', 'nowhere.yaml'], {}, 78],
      [[], { SCENEDIM_TARGET_TYPE: 'pglite', TOKEN: '' }, 78],
    ] as const) {
      const result = await scenedim(['sync', ...args, '--metrics-file', 'run.prom'], env);
      expect([result.code, samplesOf(success)]).toEqual([code, kept]);
      expect([...samplesOf('scenedim_run_success').values()]).toEqual(['0']);
    }
    expect((await scenedim(['sync', '--metrics-file', 'run.prom'])).code).toBe(0);
    const [after, before] = [samplesOf(success), kept].map((map) => Number([...map.values()][0]));
    expect(after).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
  });

  test('tells when the state of the accounts changes', async () => {
    await scenedim(['sync', '--metrics-file', 'run.prom']);
    expect(Object.fromEntries(samplesOf('scenedim_accounts'))).toMatchObject({ [stateLabels('ok')]: '1' });
    await scenedim(['sync', '--metrics-file', 'run.prom'], { TOKEN: 'wrong' });
    expect(Object.fromEntries(samplesOf('scenedim_accounts'))).toMatchObject({
      [stateLabels('ok')]: '0',
      [stateLabels('failed')]: '1',
    });
  });

  function stateLabels(state: string): string {
    return `command="sync",target="file/${join(cwd, 'db')}.scene",state="${state}"`;
  }
});
