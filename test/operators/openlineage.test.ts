/** Events of real runs in OpenLineage's own clients, and where these clients would send them. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { findLineageTransport } from '../../src/telemetry/lineage/find-lineage-transport.ts';
import { describeWithTool, folderOf, pythonTool } from '../support/installed-tool.ts';
import { type LineageServer, startLineageServer } from '../support/lineage-server.ts';
import { mavenTool, runJava } from '../support/maven-tool.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { type CliResult, ended, runCli, startCli } from '../support/spawn-cli.ts';

const execute = promisify(execFile);
const here = (name: string): string => new URL(name, import.meta.url).pathname;
const java = mavenTool('operators-openlineage-java', here('requirements/openlineage-java.xml'));
const python = pythonTool('operators-openlineage', here('requirements/openlineage.txt'));
const account = 'wxa';
const rootId = '01941f29-7c00-7087-8940-40e5a7f1b2b4';

// biome-ignore lint/suspicious/noExplicitAny: an event of any kind
type Event = any;

let cwd = '';
let simulator: Simulator;
let server: LineageServer;
/** As they came: each is a line. */
const events: string[] = [];
const parsed = (): readonly Event[] => events.map((text) => JSON.parse(text));

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-openlineage-'));
  simulator = await startSimulator({ accounts: [{ appId: account }] });
  server = await startLineageServer();
  await copyPglite(at('db'));
  const source = { baseUrl: simulator.url, accounts: [{ appId: account, accessToken: { env: 'TOKEN' } }] };
  writeFileSync(at('scenedim.yaml'), JSON.stringify({ source, target: { type: 'pglite', path: './db' } }));
  await eventsOfRuns();
}, 180_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await simulator[Symbol.asyncDispose]();
  rmSync(cwd, { recursive: true });
});

const at = (name: string): string => join(cwd, name);
const environment = () => ({
  TOKEN: simulator.accessToken(account),
  OPENLINEAGE_URL: server.url,
  OPENLINEAGE_PARENT_ID: `airflow://host/dag.task/${rootId.replace('b4', 'b3')}`,
  OPENLINEAGE_ROOT_PARENT_ID: `airflow://host/dag/${rootId}`,
});

/** One run of every kind. */
async function eventsOfRuns(): Promise<void> {
  const run = async (args: string, code: number, env = {}): Promise<CliResult> => {
    const result = await runCli(args.split(' '), { cwd, env: { ...environment(), ...env } });
    expect([args, result.code, result.stderr]).toEqual([args, code, expect.any(String)]);
    return result;
  };
  await run('sync', 0);
  await run('sync --skip-exit-code --shard 0/1', 99);
  await run('sync', 74, { SCENEDIM_TARGET_PATH: './scenedim.yaml' });
  await stopped();
  const { stdout } = await run('export-log', 0);
  writeFileSync(at('log.ndjson'), stdout);
  await run('replay log.ndjson', 0);
  await run('verify', 0);
  const database = await PGlite.create(at('db'));
  await database.exec(`UPDATE scene.dim_scene SET scene_name = '手' WHERE scene_key = '1'`);
  await database.close();
  await run('verify', 65);
  await run('rebuild', 0);
  await run('compact --keep 0d --confirm scene', 0);
  events.push(...server.received.map(({ text }) => text));
}

async function stopped(): Promise<void> {
  simulator.inject({ fault: 'hang', times: 1 });
  simulator.clearRequests();
  const child = startCli(['sync'], { cwd, env: environment() });
  const end = ended(child);
  await vi.waitFor(() => expect(simulator.requests.length).toBe(1), { timeout: 60_000 });
  child.kill('SIGTERM');
  expect((await end).code).toBe(143);
}

/** A file with these lines, for as long as `work` lasts. */
async function onFile<T>(lines: readonly string[], work: (path: string) => Promise<T>): Promise<T> {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'scenedim-events-'));
  const path = join(folder.path, 'events.ndjson');
  writeFileSync(path, `${lines.join('\n')}\n`);
  return await work(path);
}

const readByJava = (lines: readonly string[]): Promise<readonly string[]> =>
  onFile(lines, async (path) =>
    (await runJava(java, here('openlineage/ReadEvents.java'), [path])).trimEnd().split('\n'),
  );

/** What the classes of the Python client have against each event. */
async function checkByPython(lines: readonly string[]): Promise<readonly (readonly string[])[]> {
  return await onFile(lines, async (path) => {
    const { stdout } = await execute(join(folderOf(python), 'bin/python'), [here('openlineage/check_events.py'), path]);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  });
}

/** An event that somebody spoilt. */
type Fault = readonly [name: string, spoil: (event: Event) => void, said: RegExp];
const spoilt = (faults: readonly Fault[]): readonly string[] =>
  faults.map(([, spoil]) => {
    const event = parsed().find(({ run }) => run.facets.test !== undefined);
    spoil(event);
    return JSON.stringify(event);
  });

const refusedByBoth: readonly Fault[] = [
  ['a type that is none', (event) => Object.assign(event, { eventType: 'COMPLETED' }), /COMPLETED/],
  ['a run that is no UUID', (event) => Object.assign(event.run, { runId: 'run-1' }), /run-1|UUID/],
];
const refusedByPython: readonly Fault[] = [
  ['a time that is missing', (event) => delete event.eventTime, /event\.eventTime: missing/],
  ['a time without a time', (event) => Object.assign(event, { eventTime: '2026-03-01' }), /has to contain time/],
  ['a producer that is missing', (event) => delete event.producer, /event\.producer: missing/],
  ['a job without a name', (event) => delete event.job.name, /event\.job\.name: missing/],
  ['a facet without a schema', (event) => delete event.run.facets.test._schemaURL, /test\._schemaURL: missing/],
  [
    'a facet of another version',
    ({ job }) =>
      Object.assign(job.facets.jobType, { _schemaURL: job.facets.jobType._schemaURL.replace('2-0-4', '2-0-3') }),
    /2-0-3.*is not .*2-0-4/,
  ],
  [
    'a facet that nobody knows',
    (event) => Object.assign(event.run.facets, { errorMesage: {} }),
    /errorMesage: not known/,
  ],
  [
    'a member that is misspelt',
    (event) => Object.assign(event.job.facets.jobType, { jobTyp: 'JOB' }),
    /jobTyp: not known/,
  ],
  [
    'a status that is none',
    (event) => Object.assign(event.run.facets.test.tests[0], { status: 'passed' }),
    /passed is none of/,
  ],
  ['a text for a truth', (event) => Object.assign(firstAssertion(event), { success: 'true' }), /success: no bool/],
];
const firstAssertion = (event: Event) => event.inputs[0].inputFacets.dataQualityAssertions.assertions[0];

test('the runs told what each of them was', () => {
  expect(parsed().map(({ eventType, run }) => `${run.facets.scenedim_run.command} ${eventType}`)).toEqual(
    ['sync COMPLETE', 'sync COMPLETE', 'sync FAIL', 'sync ABORT', 'replay COMPLETE', 'verify COMPLETE', 'verify FAIL']
      .concat(['rebuild COMPLETE', 'compact COMPLETE'])
      .flatMap((end) => [`${end.split(' ')[0]} START`, end]),
  );
  const ids = parsed().map(({ run }) => run.runId);
  expect([new Set(ids).size, ids.every((id, index) => id === ids[index - (index % 2)])]).toEqual([9, true]);
});

describeWithTool('OpenLineage of Java', java, () => {
  test('reads every event, and writes it again as it was', async () => {
    const written = await readByJava(events);
    // Its times have milliseconds.
    const short = ({ eventTime, ...event }: Event) => ({ ...event, eventTime: new Date(eventTime).toISOString() });
    expect(written.map((line) => short(JSON.parse(line)))).toEqual(parsed().map(short));
  });

  test('refuses what is planted', async () => {
    const number: Fault = [
      'a count that is no number',
      (event) => Object.assign(event, { outputs: [{ namespace: 'a', name: 'b', outputFacets: rowCount('many') }] }),
      /many/,
    ];
    const faults = [...refusedByBoth, number];
    const said = await readByJava(spoilt(faults));
    expect(said).toEqual(faults.map(([, , expected]) => expect.stringMatching(expected)));
    expect(said.filter((line) => !line.startsWith('refused: '))).toEqual([]);
  });
});

const rowCount = (count: unknown) => ({
  outputStatistics: { _producer: 'urn:a', _schemaURL: 'https://openlineage.io/spec', rowCount: count },
});

describeWithTool('OpenLineage of Python', python, () => {
  test('has nothing against any event', async () => {
    expect((await checkByPython(events)).filter((complaints) => complaints.length > 0)).toEqual([]);
  });

  test('refuses what is planted', async () => {
    const faults = [...refusedByBoth, ...refusedByPython];
    const said = await checkByPython(spoilt(faults));
    expect(said.map((complaints) => complaints.join('; '))).toEqual(
      faults.map(([, , expected]) => expect.stringMatching(expected)),
    );
  });

  const http = 'transport: {type: http, url: "http://127.0.0.1:1/", timeout: 7, auth: {type: api_key, apiKey: k}}';
  const files = { 'openlineage.yml': http, 'named.yml': 'transport: {type: file, log_file_path: x, append: yes}' };
  const url = { OPENLINEAGE_URL: 'http://127.0.0.1:2' };
  const dynamic = { OPENLINEAGE__TRANSPORT__TYPE: 'http', OPENLINEAGE__TRANSPORT__URL: 'http://127.0.0.1:3' };

  test.each<[name: string, env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>>]>([
    ['the url', { ...url, OPENLINEAGE_API_KEY: 'key', OPENLINEAGE_ENDPOINT: 'in' }, {}],
    ['the file before the url', url, files],
    ['the named file before the one here', { ...url, OPENLINEAGE_CONFIG: 'named.yml' }, files],
    ['the one here when the named one is missing', { OPENLINEAGE_CONFIG: 'none.yml' }, files],
    ['the one at home', url, { 'home/.openlineage/openlineage.yml': http }],
    ['the one here before the one at home', url, { ...files, 'home/.openlineage/openlineage.yml': files['named.yml'] }],
    ['the double underscores before the url', { ...url, ...dynamic }, {}],
    ['the file before the double underscores', { ...dynamic, OPENLINEAGE__TRANSPORT__COMPRESSION: 'gzip' }, files],
    ['a whole transport before its parts', { ...dynamic, OPENLINEAGE__TRANSPORT: '{"type":"console"}' }, {}],
    ['JSON in a variable', { ...dynamic, OPENLINEAGE__TRANSPORT__AUTH: '{"type":"api_key","apiKey":"a"}' }, {}],
    ['a number as a key', { ...dynamic, OPENLINEAGE__TRANSPORT__AUTH: '{"type":"api_key","api_key":12}' }, {}],
    ['headers', url, { 'openlineage.yml': `${http.slice(0, -1)}, custom_headers: {X-Team: growth}, verify: false}` }],
    ['a file without a transport', url, { 'openlineage.yml': 'tags: {job: {a: b}}' }],
    ['a file that is no YAML', url, { 'openlineage.yml': 'transport: {type' }],
    ['an empty file', { ...url, OPENLINEAGE_CONFIG: 'empty.yml' }, { 'empty.yml': '' }],
    ['a transport without its url', url, { 'openlineage.yml': 'transport: {type: http}' }],
    ['async_http with the url', { ...url, OPENLINEAGE__TRANSPORT__TYPE: 'async_http' }, {}],
    ['nothing when it is disabled', { ...url, OPENLINEAGE_DISABLED: ' True ' }, files],
    ['something when it is not quite disabled', { ...url, OPENLINEAGE_DISABLED: '1' }, {}],
    ['no word of a transport that is off', url, { 'openlineage.yml': 'transport: {type: noop}' }],
  ])('finds the same transport as scenedim: %s', async (_, env, given) => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'scenedim-transport-'));
    mkdirSync(join(folder.path, 'home/.openlineage'), { recursive: true });
    for (const [name, text] of Object.entries(given)) writeFileSync(join(folder.path, name), text);
    const environment = { HOME: join(folder.path, 'home'), ...env };
    const { stdout } = await execute(join(folderOf(python), 'bin/python'), [here('openlineage/find_transport.py')], {
      cwd: folder.path,
      env: { PATH: process.env['PATH'], ...environment },
    });
    const ours = await findLineageTransport({ environment, workingDirectory: folder.path, warn: () => {} });
    const { headers: _headers, ...known } = { compression: null, ...ours, headers: {} };
    expect(ours?.type === 'http' ? known : ours).toEqual(JSON.parse(stdout));
  });
});
