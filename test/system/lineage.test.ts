/** What a run tells OpenLineage, by a server that records it, and what a run makes of a server that fails. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { startHttpProxy } from '../support/http-proxy.ts';
import { type LineageServer, startLineageServer } from '../support/lineage-server.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, ended, runCli, startCli } from '../support/spawn-cli.ts';

const account = 'wxa';
const key = 'key-of-the-lineage-server';

let cwd = '';
let simulator: Simulator;
let server: LineageServer;
beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-lineage-'));
  simulator = await startSimulator({ accounts: [{ appId: account }] });
  await copyPglite(join(cwd, 'db'));
  const source = { baseUrl: simulator.url, accounts: [{ appId: account, accessToken: { env: 'TOKEN' } }] };
  writeFileSync(at('scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
});
beforeEach(async () => {
  await server?.[Symbol.asyncDispose]();
  server = await startLineageServer();
  rmSync(at('openlineage.yml'), { force: true });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const at = (name: string): string => join(cwd, name);
const environment = (env: Readonly<Record<string, string>>) => ({
  TOKEN: simulator.accessToken(account),
  OPENLINEAGE_URL: server.url,
  OPENLINEAGE_API_KEY: key,
  ...env,
});
const scenedim = (args: string, env: Readonly<Record<string, string>> = {}): Promise<CliResult> =>
  runCli([...args.split(' '), '--log-format', 'json'], { cwd, env: environment(env) });

/** The settings of somebody who would wait for an hour: no test lasts so long. */
function patiently(): void {
  const transport = { type: 'http', url: server.url, timeout: 3600 };
  writeFileSync(at('openlineage.yml'), JSON.stringify({ transport }));
}

const types = () => server.received.map(({ event }) => event.eventType);

function warnings({ stderr }: CliResult): readonly { readonly error: string; readonly msg: string }[] {
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ level, msg }) => level === 'warn' && msg.startsWith('OpenLineage'));
}

describe('a run tells', () => {
  test.each([
    ['sync', 0, 'COMPLETE'],
    ['sync --skip-exit-code', 99, 'COMPLETE'],
    ['rebuild', 0, 'COMPLETE'],
    ['verify', 0, 'COMPLETE'],
    ['compact --keep 90d --confirm scene', 0, 'COMPLETE'],
    ['plan', 0, undefined],
    ['replay nowhere.ndjson', 74, undefined],
    ['sync --config nowhere.yaml', 78, undefined],
  ])('%s, exit status %d: %s', async (args, code, type) => {
    const result = await scenedim(args);
    expect([result.code, types(), warnings(result)]).toEqual([code, type === undefined ? [] : ['START', type], []]);
    const [first, last] = server.received;
    expect(first?.event.run.runId).toBe(last?.event.run.runId);
    expect(first?.event.job).toEqual(last?.event.job);
    for (const { path, headers } of server.received) {
      expect([path, headers['content-type'], headers.authorization]).toEqual([
        '/api/v1/lineage',
        'application/json',
        `Bearer ${key}`,
      ]);
    }
  });

  test('FAIL of a run that broke off', async () => {
    const result = await scenedim('sync', { SCENEDIM_TARGET_PATH: './scenedim.yaml' });
    expect([result.code, types()]).toEqual([74, ['START', 'FAIL']]);
    expect(server.received[1]?.event.run.facets.errorMessage.message).toContain('scenedim.yaml');
  });

  test('what a replay reads, its parent and its namespace', async () => {
    writeFileSync(at('empty.ndjson'), '');
    const id = '01941f29-7c00-7087-8940-40e5a7f1b2b3';
    const env = { OPENLINEAGE_PARENT_ID: `default/dag.task/${id}`, OPENLINEAGE_NAMESPACE: 'growth' };
    expect((await scenedim('replay empty.ndjson', env)).code).toBe(0);
    for (const { event } of server.received) {
      expect(event.inputs).toMatchObject([{ namespace: 'file', name: at('empty.ndjson') }]);
      expect(event.run.facets.parent).toMatchObject({
        run: { runId: id },
        job: { namespace: 'default', name: 'dag.task' },
      });
      expect(event.job.namespace).toBe('growth');
    }
  });

  test('the shard that it is', async () => {
    await scenedim('sync', { SHARD_COUNT: '2', JOB_COMPLETION_INDEX: '1' });
    expect(server.received[1]?.event.job.name).toMatch(/\.shard-1-of-2$/);
  });

  test('no secret', async () => {
    const token = simulator.accessToken(account);
    const result = await scenedim('sync', { OPENLINEAGE_NAMESPACE: `of ${token} and ${key}` });
    expect(result.code).toBe(0);
    expect(server.received.map(({ event }) => event.job.namespace)).toEqual(
      Array(2).fill('of [redacted] and [redacted]'),
    );
    expect(server.received.map(({ text }) => text).join()).not.toContain(token);
  });

  test('no secret of the config before it is used: a short one in the id of the parent', async () => {
    const token = 'Kurz-0815';
    const id = '01941f29-7c00-7087-8940-40e5a7f1b2b3';
    const env = { TOKEN: token, OPENLINEAGE_PARENT_ID: `of ${token}/job/${id}` };
    expect((await scenedim('sync', env)).code).toBe(77);
    const parents = server.received.map(({ event }) => event.run.facets.parent.job.namespace);
    expect(parents).toEqual(Array(2).fill('of [redacted]'));
  });

  test('nobody when it is disabled', async () => {
    expect((await scenedim('sync', { OPENLINEAGE_DISABLED: 'true' })).code).toBe(0);
    expect(types()).toEqual([]);
  });
});

describe('openlineage.yml', () => {
  test('zips and adds headers', async () => {
    const auth = { type: 'api_key', apiKey: key };
    const transport = {
      type: 'http',
      url: server.url,
      endpoint: '/in',
      auth,
      compression: 'gzip',
      custom_headers: { 'X-Team': 'growth' },
    };
    writeFileSync(at('openlineage.yml'), JSON.stringify({ transport }));
    await scenedim('sync', { OPENLINEAGE_URL: 'http://127.0.0.1:1' });
    expect(types()).toEqual(['START', 'COMPLETE']);
    for (const { path, headers } of server.received) {
      expect([path, headers['content-encoding'], headers['x-team']]).toEqual(['/in', 'gzip', 'growth']);
    }
  });

  test.each([true, false])('writes files, append %s', async (append) => {
    const transport = { type: 'file', log_file_path: `events-${append}`, append };
    writeFileSync(at('openlineage.yml'), JSON.stringify({ transport }));
    await scenedim('sync');
    await scenedim('sync');
    const files = readdirSync(cwd)
      .filter((name) => name.startsWith(`events-${append}`))
      .sort();
    const lines = files.flatMap((name) => readFileSync(at(name), 'utf8').trimEnd().split('\n'));
    expect([files.length, lines.map((line) => JSON.parse(line).eventType)]).toEqual([
      append ? 1 : 4,
      ['START', 'COMPLETE', 'START', 'COMPLETE'],
    ]);
    if (!append) expect(files[0]).toMatch(/^events-false-\d{8}-\d{6}\.\d{6}\.json$/);
    expect(types()).toEqual([]);
  });

  test('may have a timeout that is no whole number of milliseconds', async () => {
    const env = { OPENLINEAGE__TRANSPORT__TYPE: 'http', OPENLINEAGE__TRANSPORT__URL: server.url };
    const result = await scenedim('sync', { ...env, OPENLINEAGE__TRANSPORT__TIMEOUT: '2.01' });
    expect([result.code, types(), warnings(result)]).toEqual([0, ['START', 'COMPLETE'], []]);
  });

  test('writes into the log', async () => {
    writeFileSync(at('openlineage.yml'), 'transport: {type: console}');
    const { stderr } = await scenedim('sync');
    const events = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'OpenLineage event');
    expect(events.map(({ event }) => event.eventType)).toEqual(['START', 'COMPLETE']);
  });

  test('that is no YAML is a warning', async () => {
    writeFileSync(at('openlineage.yml'), `transport: {auth: ${key}`);
    const result = await scenedim('sync');
    expect([result.code, warnings(result), types()]).toEqual([
      0,
      [expect.objectContaining({ error: `${at('openlineage.yml')} cannot be read (BAD_INDENT)` })],
      ['START', 'COMPLETE'],
    ]);
  });
});

describe('events go', () => {
  test('through the proxy of the environment', async () => {
    await using proxy = await startHttpProxy();
    const around = { HTTP_PROXY: `http://${proxy.name}` };
    await scenedim('sync', around);
    await scenedim('sync', { ...around, NO_PROXY: '127.0.0.1' });
    expect([proxy.asked.map(({ what }) => what), types()]).toEqual([
      Array(2).fill(expect.stringContaining('/api/v1/lineage')),
      ['START', 'COMPLETE', 'START', 'COMPLETE'],
    ]);
  });

  test('by TLS, whose certificate is looked at', async () => {
    const tls = (name: string): string => new URL(`../fixtures/tls/test-only-${name}`, import.meta.url).pathname;
    const [cert, key_] = ['server.pem', 'server.key'].map((name) => readFileSync(tls(name)));
    const received: string[] = [];
    const secure = createServer({ cert, key: key_ }, (request, response) => {
      received.push(request.url ?? '');
      response.writeHead(201).end();
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    await using _ = { [Symbol.asyncDispose]: async () => void secure.close() };
    const { port } = secure.address() as AddressInfo;
    const refused = await scenedim('sync', { OPENLINEAGE_URL: `https://127.0.0.1:${port}` });
    expect([refused.code, warnings(refused).length, received]).toEqual([0, 1, []]);
    expect(warnings(refused)[0]?.error).toContain('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const transport = { type: 'http', url: `https://127.0.0.1:${port}`, verify: false };
    writeFileSync(at('openlineage.yml'), JSON.stringify({ transport }));
    const believed = await scenedim('sync');
    expect([warnings(believed), received.length]).toEqual([[], 2]);
  });
});

describe('one warning, which names the host and no key, is all that becomes of', () => {
  const only = (text: string) => [expect.objectContaining({ msg: 'OpenLineage was not told', error: text })];
  const host = () => new URL(server.url).host;

  test.each([401, 500, 307])('an answer %d', async (status) => {
    server.answer = status;
    const result = await scenedim('sync');
    expect([result.code, warnings(result)]).toEqual([
      0,
      only(`the OpenLineage server ${host()}: it answered ${status}`),
    ]);
    expect(result.stderr).not.toContain(key);
  });

  test('a server that hangs', async () => {
    server.answer = 'hang';
    patiently();
    const result = await scenedim('sync');
    expect([result.code, warnings(result)]).toEqual([0, only(`the OpenLineage server ${host()}: no answer in time`)]);
  });

  test('a server that is down, or has no such certificate', async () => {
    const down = await scenedim('sync', { OPENLINEAGE_URL: 'http://127.0.0.1:1' });
    expect([down.code, warnings(down)]).toEqual([0, only('the OpenLineage server 127.0.0.1:1: ECONNREFUSED')]);
    const tls = await scenedim('sync', { OPENLINEAGE_URL: server.url.replace('http:', 'https:') });
    expect([tls.code, warnings(tls)]).toEqual([0, only(expect.stringContaining(`${host()}: E`))]);
  });

  test('a pipe that nobody reads', async () => {
    await promisify(execFile)('mkfifo', [at('pipe')]);
    writeFileSync(at('openlineage.yml'), 'transport: {type: file, log_file_path: pipe, append: true}');
    const result = await scenedim('sync');
    expect([result.code, warnings(result)]).toEqual([0, only(`${at('pipe')}: ENXIO`)]);
  });

  test('a file that cannot be written, and a transport that nobody knows', async () => {
    writeFileSync(at('openlineage.yml'), 'transport: {type: file, log_file_path: no/where}');
    const unwritable = await scenedim('sync');
    expect([unwritable.code, warnings(unwritable)]).toEqual([0, only(`${at('no/where')}: ENOENT`)]);
    writeFileSync(at('openlineage.yml'), 'transport: {type: kafka}');
    const unknown = await scenedim('sync');
    expect([unknown.code, warnings(unknown).length]).toEqual([0, 1]);
    rmSync(at('openlineage.yml'));
    const wrong = await scenedim('sync', { OPENLINEAGE_ENDPOINT: 'http://[' });
    expect([wrong.code, warnings(wrong).length]).toEqual([0, 1]);
  });
});

test.each([201, 'hang'] as const)(
  'a run that is stopped says so, and ends with a server that answers %s',
  async (answer) => {
    server.answer = answer;
    patiently();
    simulator.inject({ fault: 'hang', times: 1 });
    simulator.clearRequests();
    const child = startCli(['sync', '--log-format', 'json'], { cwd, env: environment({}) });
    const end = ended(child);
    await expect.poll(() => simulator.requests.length, { timeout: 60_000 }).toBe(1);
    child.kill('SIGTERM');
    const result = await end;
    expect(result.code).toBe(143);
    if (answer === 201) expect(types()).toEqual(['START', 'ABORT']);
    expect(warnings(result).length).toBe(answer === 201 ? 0 : 1);
  },
);
