/** No token, no secret and no password ever leaves the process: every fault, every output, every table, every file. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { fitsEndpoint, type SimulatorFaultName, simulatorFaults } from '../../src/simulator/simulator-faults.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, runCli } from '../support/spawn-cli.ts';

/** Characters that URLs, JSON and shells spell in their own ways. */
const awkward = (appId: string) => `p%41+/"\\=&?#${Buffer.from(appId).toString('hex')}~secret`;

const stopping: readonly SimulatorFaultName[] = ['ip_not_whitelisted', 'errcode'];
/** Nobody is asked for a minute after it, so it is met by runs of a single account. */
const pausing: readonly SimulatorFaultName[] = ['rate_limited'];
const ofAccounts = simulatorFaults.filter(
  (fault) => fitsEndpoint(fault, 'get_scene') || fitsEndpoint(fault, 'stable_token'),
);
const lasting = ofAccounts.filter((fault) => !stopping.includes(fault) && !pausing.includes(fault));
const listAccounts = lasting
  .filter((fault) => fitsEndpoint(fault, 'get_scene'))
  .map((fault) => ({ appId: `list-${fault}`, fault }));
const tokenAccounts = lasting
  .filter((fault) => fitsEndpoint(fault, 'stable_token'))
  .map((fault) => ({ appId: `token-${fault}`, fault }));
const stoppingAccounts = stopping.map((fault) => ({ appId: `stop-${fault}`, fault }));
const pausingAccounts = pausing.map((fault) => ({ appId: `pause-${fault}`, fault }));
const all = [
  ...listAccounts,
  ...tokenAccounts,
  ...stoppingAccounts,
  ...pausingAccounts,
  { appId: 'stop-token', fault: 'errcode' as const },
];

let cwd = '';
let simulator: Simulator;
/** Everything that must not be seen, in every spelling. */
let needles: readonly string[] = [];
const results: CliResult[] = [];

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-secrets-'));
  simulator = await startSimulator({ accounts: all.map(({ appId }) => ({ appId, appSecret: awkward(appId) })) });
  inject();
  await copyPglite(join(cwd, 'db'));
  needles = all.flatMap(({ appId }) => [
    ...spellings(simulator.appSecret(appId)),
    ...spellings(simulator.accessToken(appId)),
    simulator.accessToken(appId).slice(0, 40),
  ]);
  for (const { appId } of all) {
    writeFileSync(join(cwd, `${appId}.secret`), `${simulator.appSecret(appId)}\n`);
    writeFileSync(join(cwd, `${appId}.token`), simulator.accessToken(appId));
  }
  // A run may need both: the faults of the list are met with a token that the secret was exchanged for, too.
  writeConfig('faults.yaml', [...listAccounts, ...tokenAccounts], 'secret');
  writeConfig('tokens.yaml', listAccounts, 'token');
  for (const { appId } of [...stoppingAccounts, ...pausingAccounts, { appId: 'stop-token' }])
    writeConfig(`${appId}.yaml`, [{ appId }], 'secret');
});
afterAll(async () => {
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

function inject(): void {
  const common = { times: 'always', code: 61011, delayMs: 20 } as const;
  for (const { appId, fault } of listAccounts) simulator.inject({ ...common, fault, appId });
  for (const { appId, fault } of tokenAccounts) simulator.inject({ ...common, fault, appId, endpoint: 'stable_token' });
  for (const { appId, fault } of [...stoppingAccounts, ...pausingAccounts]) {
    simulator.inject({ ...common, fault, appId });
  }
  simulator.inject({ ...common, fault: 'errcode', appId: 'stop-token', endpoint: 'stable_token' });
}

function writeConfig(name: string, accounts: readonly { readonly appId: string }[], kind: 'secret' | 'token'): void {
  const key = kind === 'secret' ? 'appSecret' : 'accessToken';
  const config = {
    source: {
      baseUrl: simulator.url,
      concurrency: 100,
      ratePerSecond: 1_000,
      timeoutMs: 300,
      totalTimeoutMs: 1_800,
      accounts: accounts.map(({ appId }) => ({ appId, [key]: { file: `${appId}.${kind}` } })),
    },
    target: { type: 'pglite', path: './db' },
  };
  writeFileSync(join(cwd, name), JSON.stringify(config));
}

/** Not the spellings that the program itself looks for: an independent list. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].flatMap((offset) =>
    (['base64', 'base64url'] as const).map((encoding) =>
      Buffer.concat([Buffer.alloc(offset, 'x'), bytes, Buffer.alloc(3)])
        .toString(encoding)
        .slice(4, Math.floor((bytes.length * 4) / 3) - 4),
    ),
  );
  const json = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret),
      json,
      JSON.stringify(json).slice(1, -1),
      bytes.toString('hex'),
      ...base64,
    ]),
  ];
}

function leaksIn(text: string | Uint8Array): readonly string[] {
  const buffer = Buffer.from(text as Uint8Array);
  return needles.filter((needle) => buffer.includes(needle));
}

async function run(...args: readonly string[]): Promise<CliResult> {
  const result = await runCli(args, { cwd });
  results.push(result);
  return result;
}

test('the search finds what a fault echoes', async () => {
  const { appId } = listAccounts[0] ?? { appId: '' };
  const secret = simulator.appSecret(appId);
  expect(leaksIn(JSON.stringify({ errmsg: secret }))).not.toEqual([]);
  for (const offset of ['', 'u', 'us', 'user:']) {
    expect(leaksIn(Buffer.from(`${offset}${secret}:tail`).toString('base64')), offset).not.toEqual([]);
  }
  expect(leaksIn(`…access_token=${simulator.accessToken(appId).slice(0, 40)}`)).not.toEqual([]);
});

test('a sync that meets every fault ends with 75', async () => {
  const sync = await run(
    'sync',
    '-c',
    'faults.yaml',
    '--log-level',
    'debug',
    '--log-format',
    'json',
    '--metrics-file',
    'sync.prom',
  );
  expect([sync.code, sync.stdout.length > 1_000]).toEqual([75, true]);
  const met = new Set(simulator.requests.map(({ fault }) => fault));
  // The others need what this run does not: a connection that served before, or a code that stops it.
  expect(lasting.filter((fault) => !met.has(fault) && fault !== 'stale_keep_alive')).toEqual([]);
});

test('the commands around that sync end with the codes that its faults ask for', async () => {
  const pretty = ['--log-level', 'debug', '--log-format', 'pretty'];
  expect((await run('sync', '-c', 'tokens.yaml', '--json', ...pretty)).code).toBe(75);
  expect((await run('plan', '-c', 'faults.yaml', '--json', ...pretty)).code).toBe(75);
  for (const { appId } of pausingAccounts) expect((await run('sync', '-c', `${appId}.yaml`, ...pretty)).code).toBe(75);
  for (const name of ['stop-ip_not_whitelisted', 'stop-errcode', 'stop-token']) {
    expect((await run('sync', '-c', `${name}.yaml`, ...pretty)).code, name).toBe(78);
  }
  expect((await run('check', '-c', 'faults.yaml', ...pretty)).code, 'held answers').toBe(65);
  expect((await run('status', '-c', 'faults.yaml', '--json', ...pretty)).code).toBe(0);
  expect((await run('export-log', '-c', 'faults.yaml', '--output', 'log.ndjson', ...pretty)).code).toBe(0);
});

test('no command has printed a secret', () => {
  const printed = results.map(({ stdout, stderr }) => stdout + stderr);
  expect(printed.map(leaksIn)).toEqual(printed.map(() => []));
  expect(
    printed.some((text) => text.includes('[redacted]')),
    'a redacted echo shows that there was one',
  ).toBe(true);
});

test('no table holds a secret', async () => {
  await using db = await PGlite.create(join(cwd, 'db'));
  const { rows: tables } = await db.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
  );
  const names = tables.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['scene.scene_payload', 'scene.scene_observation', 'scene.scene_run', 'scene.scene_reject']),
  );
  for (const name of names) {
    const { rows } = await db.query<{ row: string }>(`SELECT to_json(t)::text AS row FROM ${name} AS t`);
    for (const { row } of rows) expect(leaksIn(row), name).toEqual([]);
  }
  const { rows: payloads } = await db.query<{ body: Uint8Array }>('SELECT body FROM scene.scene_payload');
  expect(payloads.length).toBeGreaterThan(5);
  for (const { body } of payloads) expect(leaksIn(body)).toEqual([]);
  const { rows: failed } = await db.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM scene.scene_observation WHERE status = 'failed'",
  );
  expect(failed[0]?.n).toBeGreaterThan(40);
});

test('nor in any file, the database with its log included', () => {
  const files = readdirSync(cwd, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.secret') && !name.endsWith('.token'))
    .filter((name) => statSync(join(cwd, name)).isFile());
  expect(files).toEqual(expect.arrayContaining(['sync.prom', 'log.ndjson']));
  // One spelling is enough for the pages of the database: it stores texts as they are.
  const raw = all.flatMap(({ appId }) => [simulator.appSecret(appId), simulator.accessToken(appId).slice(0, 40)]);
  for (const name of files) {
    const bytes = readFileSync(join(cwd, name));
    if (name.startsWith('db/'))
      expect(
        raw.filter((needle) => bytes.includes(needle)),
        name,
      ).toEqual([]);
    else expect(leaksIn(bytes), name).toEqual([]);
  }
});
