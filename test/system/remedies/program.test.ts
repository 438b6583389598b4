/** Each remedy of the program around a run: signals, outputs, locks, versions, the simulator, a directory of PGlite. */
import { execFileSync, spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { describe, expect, test } from 'vitest';
import {
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleSettings,
} from '../../../src/load/contract/sample-rows.ts';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { OverlayLoader } from '../../../src/load/overlay/overlay-loader.ts';
import { acquireDirectoryLock } from '../../../src/load/pglite/directory-lock.ts';
import { createPgliteLoader } from '../../../src/load/pglite/pglite-loader.ts';
import { startSimulator } from '../../../src/simulator/simulator.ts';
import { parseSimulatorScript } from '../../../src/simulator/simulator-script.ts';
import { oneAccount } from '../../support/postgres-loader-fixture.ts';
import { copyPglite } from '../../support/prepared-pglite.ts';
import { appId, createRemedyStage, followRemedy, memoryFactory } from '../../support/remedy-stage.ts';
import { cliPath } from '../../support/spawn-cli.ts';

const { signal } = new AbortController();
const told = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: { readonly remedy?: string; readonly message: string }) => error.remedy ?? error.message,
  );

describe('a command that', () => {
  test('is stopped goes on where it stopped', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    await using other = createMemoryLoader(stage.target);
    const lock = await other.acquireLock({ kind: 'exclusive' }, signal);
    const stopped = stage.run(['sync', '--lock-timeout', '10m']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    stage.signal('SIGTERM');
    const { code, stderr } = await stopped;
    expect([code, stderr]).toEqual([143, expect.stringContaining('run it again: it goes on where it stopped')]);
    await lock?.[Symbol.asyncDispose]();
    expect((await stage.run(['sync'])).code).toBe(0);
  });

  test('does not end within its grace runs again', async () => {
    await using stage = await createRemedyStage();
    const stalls = `export const loaderFactory = { parseConfig: (section) => section, create: () => new Promise(() => {}) };`;
    await stage.prepare({ config: { target: { type: './stall.mjs' } }, files: { 'stall.mjs': stalls } });
    const stopped = stage.run(['sync', '--grace', '1s']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    stage.signal('SIGTERM');
    expect(await stopped).toMatchObject({ code: 143, stderr: expect.stringContaining('remedy: run it again\n') });
    await stage.prepare({});
    expect((await stage.run(['sync'])).code).toBe(0);
  });

  test('is started by an old Node runs under a newer one', () => {
    const old = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.1.0"})';
    const start = (...flags: string[]) =>
      execFileSync(process.execPath, [...flags, cliPath, '--help'], { stdio: 'pipe' });
    expect(() => start('--import', old)).toThrow(
      'remedy: install a newer Node, or use `npm run scenedim --` in a checkout, which brings one',
    );
    start();
  });

  test('gets an empty value is given one, or none', () =>
    followRemedy({
      fault: { args: ['sync', '--max-age', ''] },
      says: '--max-age is empty',
      remedy: 'give it a value, or leave it out; in a script, a variable may not be set',
      cure: { args: ['sync', '--max-age', '6h'] },
    }));

  test('finds another at work waits for it, or is tried again', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    await using other = createMemoryLoader(stage.target);
    const lock = await other.acquireLock({ kind: 'exclusive' }, signal);
    const busy = await stage.run(['sync']);
    expect([busy.code, busy.stderr]).toEqual([
      75,
      expect.stringContaining('try again later, or wait for it with --lock-timeout 10m'),
    ]);
    const waiting = stage.run(['sync', '--lock-timeout', '10m']);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await lock?.[Symbol.asyncDispose]();
    expect((await waiting).code).toBe(0);
    expect((await stage.run(['sync'])).code).toBe(0);
  });

  test('writes to a disk that is full writes where there is room', async () => {
    await using stage = await createRemedyStage();
    const full = await stage.pastePipe('scenedim schema config > /dev/full');
    expect([full.code, full.stderr]).toEqual([74, expect.stringContaining('make room where the output goes')]);
    expect((await stage.pastePipe('scenedim schema config > schema.json')).code).toBe(0);
    expect((await stage.run(['sync'])).code).toBe(0);
    expect((await stage.run(['export', '--output', '/dev/full'])).stderr).toContain('make room on the disk');
    expect((await stage.run(['export', '--output', 'scenes.ndjson'])).code).toBe(0);
  });

  test('writes to a pipe is read to the end', async () => {
    await using stage = await createRemedyStage();
    for (let key = 1000; key < 4000; key += 1) stage.simulator.change({ change: 'add', key, name: `scene ${key}` });
    expect((await stage.run(['sync'])).code).toBe(0);
    const pipe = join(stage.directory, 'pipe');
    execFileSync('bash', ['-c', 'mkfifo "$0"', pipe]);
    for (const [reader, code] of [
      ['head -c 1', 74],
      ['cat', 0],
    ] as const) {
      const child = spawn('bash', ['-c', `${reader} < "$0" > /dev/null`, pipe]);
      const result = await stage.run(['export', '--output', 'pipe']);
      expect([reader, result.code]).toEqual([reader, code]);
      if (code !== 0) expect(result.stderr).toContain('whoever reads from it went away; let it read to the end');
      child.kill();
    }
  });
});

describe('a schema', () => {
  const newer = 'use the newer scenedim that made it';

  test('that is not there is migrated', async () => {
    await using stage = await createRemedyStage();
    const missing =
      'if it was here before, restore a dump of it, or migrate and replay a copy of its log; if not, run scenedim migrate, or sync with target.autoMigrate';
    for (const command of ['migrate', 'sync']) {
      stage.target.meta = null;
      stage.target.accounts.clear();
      expect((await stage.run(['check'])).stdout).toContain(missing);
      expect((await stage.run([command])).code).toBe(0);
      expect((await stage.run(['check'])).stdout).not.toContain(missing);
    }
  });

  test('that is older is migrated before it is planned on', async () => {
    await using stage = await createRemedyStage();
    const dataDir = join(stage.directory, 'db');
    await copyPglite(dataDir);
    await stage.prepare({ config: { target: { type: 'pglite', path: 'db' } } });
    expect((await stage.run(['migrate'])).code).toBe(0);
    const database = await PGlite.create({ dataDir });
    await database.exec('UPDATE scene.scene_meta SET schema_version = 0');
    await database.close();
    expect((await stage.run(['plan'])).stderr).toContain('run `scenedim migrate` first');
    const older = 'run scenedim migrate; where target.autoMigrate is on, the next sync does the same';
    expect((await stage.run(['check'])).stdout).toContain(older);
    expect((await stage.run(['migrate'])).code).toBe(0);
    expect((await stage.run(['plan'])).code).toBe(0);
  });

  test('that is newer needs the scenedim that made it', async () => {
    await using stage = await createRemedyStage();
    expect((await stage.run(['sync'])).code).toBe(0);
    if (stage.target.meta !== null) stage.target.meta = { ...stage.target.meta, schemaVersion: 999 };
    expect((await stage.run(['sync'])).stderr).toContain(newer);
    expect((await stage.run(['check'])).stdout).toContain(newer);
    const newest = `import { loaderFactory as old } from ${JSON.stringify(memoryFactory)};
export const loaderFactory = { ...old, create: async (...given) => ({ ...(await old.create(...given)), schemaVersion: 999 }) };`;
    await stage.prepare({ config: { target: { type: './newest.mjs' } }, files: { 'newest.mjs': newest } });
    expect((await stage.run(['sync'])).code).toBe(0);
  });

  test('of a library is migrated before anything is written, and a stale head is read again', async () => {
    await using base = createMemoryLoader();
    await using plan = new OverlayLoader(base);
    expect(await told(plan.apply(oneAccount('wx1'), signal))).toBe('migrate it');
    await plan.migrate(sampleSettings, signal);
    await plan.apply(oneAccount('wx1'), signal);

    await using loader = createMemoryLoader();
    expect(await told(loader.apply(oneAccount('wx1'), signal))).toBe('migrate it');
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
    const again = (before: number | null) =>
      sampleChangeSet(2, {
        heads: [sampleHeadChange('wx1', before)],
        observations: [sampleObservation('wx1', instantAt(5))],
        versions: [],
      });
    expect(await told(loader.apply(again(null), signal))).toBe('run it again: it reads what was written meanwhile');
    const [head] = await Array.fromAsync(loader.readHeads({}, signal));
    await loader.apply(again(head?.revision ?? null), signal);
  });
});

describe('the simulator', () => {
  test('starts with a script and a port that are right', async () => {
    for (const [wrong, says, remedy, right] of [
      [
        ['--script', 'nowhere.yaml'],
        'nowhere.yaml',
        'correct --script; it is relative to the directory that you are in',
        ['--script', 'script.yaml'],
      ],
      [['--port', 'x'], '"x" is not a port', 'write a number from 0 to 65535', ['--port', '0']],
      [['--accounts', '0'], '"0" is no number of accounts', 'write a number from 1 to 1000000', ['--accounts', '3']],
      [
        ['--accounts', '3', '--app-id', 'wx1'],
        '--accounts has no meaning with --app-id',
        'give one of the two',
        ['--accounts', '3'],
      ],
      [
        ['--latency', '1s'],
        '"1s" is no latency',
        'write a number of milliseconds from 0 to 60000',
        ['--latency', '1000'],
      ],
    ] as const) {
      await using stage = await createRemedyStage();
      const script = '- {after: 1, rename: {key: 4, name: 扫一扫}}\n';
      await stage.prepare({ files: { 'script.yaml': script } });
      const { code, stderr } = await stage.run(['simulate', ...wrong]);
      expect([code === 0, stderr]).toEqual([false, expect.stringContaining(says)]);
      expect(stderr).toContain(`remedy: ${remedy}`);
      const running = stage.run(['simulate', ...right]);
      await new Promise((resolve) => setTimeout(resolve, 300));
      stage.signal('SIGTERM');
      expect(await running).toMatchObject({ stdout: expect.stringContaining('WeChat simulator at http') });
    }
  });

  test('takes the examples of its remedies', async () => {
    const step =
      'a step looks like {after: 1, rename: {key: 4, name: 扫一扫}} or {at: 2026-03-01T00:00:00Z, fault: {name: html_502}}';
    expect(() => parseSimulatorScript('- {after: 1}')).toThrow(expect.objectContaining({ remedy: step }));
    const steps = step.slice('a step looks like '.length).split(' or ');
    expect(parseSimulatorScript(steps.map((it) => `- ${it}`).join('\n'))).toHaveLength(2);

    await using simulator = await startSimulator();
    const post = async (path: string, body: unknown) => {
      const response = await fetch(`${simulator.url}/_simulator/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      return { status: response.status, text: await response.text() };
    };
    const example = 'for example {"rename":{"key":4,"name":"扫一扫"}} or {"fault":{"name":"html_502","times":2}}';
    const [rename = '', fault = ''] = example.slice('for example '.length).split(' or ');
    for (const [path, wrong, right] of [
      ['changes', {}, rename],
      ['faults', { fault: 4 }, fault],
    ] as const) {
      const refused = await post(path, wrong);
      expect([refused.status, JSON.parse(refused.text).remedy]).toEqual([400, example]);
      expect(await post(path, JSON.parse(right))).toMatchObject({ status: 200 });
    }
    const codeless = 'for example {"fault":"errcode","code":61007}';
    expect(() => simulator.inject({ fault: 'errcode' })).toThrow(expect.objectContaining({ remedy: codeless }));
    simulator.inject(JSON.parse(codeless.slice('for example '.length)));

    expect(await told(startSimulator({ host: '0.0.0.0' }))).toBe('use 127.0.0.1 or ::1');
    expect(await told(startSimulator({ port: simulator.port }))).toBe('choose another port, or 0 for any free one');
    await using _other = await startSimulator({ host: '127.0.0.1', port: 0 });
  });
});

describe('a directory of PGlite', () => {
  const folder = async () => {
    const path = await mkdtemp(join(tmpdir(), 'scenedim-remedy-'));
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
  };
  const open = (path: string, openTimeoutMs = 0) =>
    createPgliteLoader(
      { path, schema: 'scene' },
      { baseDirectory: '/', openTimeoutMs, mayMake: true, signal, onRetry: () => {} },
    );
  const works = async (path: string) => {
    await using loader = await open(path);
    await loader.migrate(sampleSettings, signal);
  };

  test('that is in use is free when its holder ends, and may be waited for', async () => {
    await using at = await folder();
    const path = join(at.path, 'scene');
    await copyPglite(path);
    const wait = { openTimeoutMs: 0, signal, onRetry: () => {} };
    const lock = await acquireDirectoryLock(path, wait);
    expect(await told(open(path))).toBe(
      'run again later, or end that process: the lock ends with it; a command that writes can wait with --lock-timeout 10m',
    );
    const waiting = open(path, 30_000);
    lock[Symbol.dispose]();
    await using _loader = await waiting;
  });

  test('whose loader was closed is opened again', async () => {
    await using at = await folder();
    const path = join(at.path, 'scene');
    await copyPglite(path);
    const loader = await open(path);
    await loader.migrate(sampleSettings, signal);
    await loader[Symbol.asyncDispose]();
    expect(await told(loader.readMeta(signal))).toBe('run again');
    await works(path);
  });

  test('with a damaged lock works when it is deleted', async () => {
    await using at = await folder();
    const path = join(at.path, 'scene');
    await copyPglite(path);
    await writeFile(join(path, 'scenedim.lock'), 'what is this?');
    expect(await told(open(path))).toBe('delete it while no scenedim uses the directory');
    await unlink(join(path, 'scenedim.lock'));
    await works(path);
  });

  test('that may not be read, made or used gives way to another, or is given back', async () => {
    await using at = await folder();
    const path = join(at.path, 'scene');
    await copyPglite(path);
    await chmod(join(path, 'PG_VERSION'), 0);
    expect(await told(open(path))).toBe('give it to the user of this process');
    await chmod(join(path, 'PG_VERSION'), 0o600);
    await works(path);
    await mkdir(join(at.path, 'full'));
    await writeFile(join(at.path, 'full', 'x'), '');
    expect(await told(open(join(at.path, 'full')))).toBe('name an empty or a new directory');
    await copyPglite(join(at.path, 'new'));
    await works(join(at.path, 'new'));
    expect(await told(open('/dev/null/scene'))).toBe('name a directory that this user may create and write');
  });

  test('that is damaged, or of another version, is restored from a copy', async () => {
    await using at = await folder();
    const path = join(at.path, 'scene');
    await copyPglite(path);
    await cp(path, `${path}.copy`, { recursive: true });
    const version = await readFile(join(path, 'PG_VERSION'), 'utf8');
    await writeFile(join(path, 'PG_VERSION'), `${Number(version) - 1}\n`);
    expect(await told(open(path))).toBe(
      'a database of another PGlite version must be moved with export-log and replay; a damaged one restored from a copy',
    );
    await rm(path, { recursive: true });
    await cp(`${path}.copy`, path, { recursive: true });
    await works(path);
  });
});

test('an account that lost its rows of the dimension is rebuilt', async () => {
  await using stage = await createRemedyStage();
  expect((await stage.run(['sync'])).code).toBe(0);
  const versions = new Map();
  for (const [id, rows] of stage.target.accounts) stage.target.accounts.set(id, { ...rows, versions });
  stage.simulator.change({ change: 'rename', key: 4, name: '新' });
  expect(await stage.problems()).toMatchObject([
    {
      app_id: appId,
      message: 'the open version of scene 4 is missing from dim_scene',
      remedy: 'run `scenedim verify`, then `scenedim rebuild`',
    },
  ]);
  expect((await stage.run(['verify'])).code).toBe(65);
  expect((await stage.run(['rebuild'])).code).toBe(0);
  expect(await stage.problems()).toEqual([]);
});
