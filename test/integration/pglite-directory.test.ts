import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import type { Loader } from '../../src/load/loader.ts';
import { assertMayBeMade, lockDirectory } from '../../src/load/pglite/open-directory.ts';
import { createPgliteLoader } from '../../src/load/pglite/pglite-loader.ts';
import { ownIdentity } from '../../src/load/pglite/process-identity.ts';
import { oneAccount } from './postgres-loader-fixture.ts';

const signal = new AbortController().signal;
const context = (baseDirectory: string, openTimeoutMs = 0) => ({ baseDirectory, openTimeoutMs, signal });

test('a database is made with its parent folders, keeps its rows and gives its lock back', async () => {
  await using folder = await temporaryFolder();
  const open = (): Promise<Loader> =>
    createPgliteLoader({ path: './deep/down/scene', schema: 'scene' }, context(folder.path));
  {
    await using loader = await open();
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
    await expect(open()).rejects.toMatchObject({
      code: 'lock_held',
      message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
      remedy: expect.stringContaining(join(folder.path, 'deep/down/scene.lock')),
    });
  }
  expect(await readdir(join(folder.path, 'deep/down'))).toEqual(['scene']);
  await using loader = await open();
  expect((await Array.fromAsync(loader.readVersions({}, signal))).map(({ appId }) => appId)).toEqual(['wx1']);
});

test('a directory that could not be made is told without making one', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'file');
  await writeFile(file, '');
  await expect(assertMayBeMade(join(folder.path, 'deep/down/scene'))).resolves.toBeUndefined();
  await expect(assertMayBeMade(join(file, 'scene'))).rejects.toMatchObject({
    code: 'file_unusable',
    message: expect.stringContaining(file),
    remedy: 'name a directory that this user may create and write',
  });
  expect(await readdir(folder.path)).toEqual(['file']);
});

test('work that only looks makes no database, and reads one that is there', async () => {
  await using folder = await temporaryFolder();
  const config = { path: './deep/scene', schema: 'scene' };
  const open = (readOnly: boolean) => createPgliteLoader(config, { ...context(folder.path), readOnly });
  {
    await using nothing = await open(true);
    expect(await nothing.readMeta(signal)).toBeNull();
  }
  expect(await readdir(folder.path)).toEqual([]);
  {
    await using loader = await open(false);
    await loader.migrate(sampleSettings, signal);
  }
  await using loader = await open(true);
  expect(await loader.readMeta(signal)).toMatchObject({ rebuilding: false });
  await expect(open(true)).rejects.toMatchObject({ code: 'lock_held' });
});

test('rows outlive a process that is killed, and its lock does not', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await using holder = await holdInChild(directory);
  await expect(lockDirectory(directory, context('/'))).rejects.toMatchObject({
    code: 'lock_held',
    message: expect.stringContaining(`process ${holder.child.pid} `),
  });
  await holder.kill();
  await using lock = await lockDirectory(directory, context('/'));
  expect(JSON.parse(await readFile(`${directory}.lock`, 'utf8'))).toMatchObject({ pid: process.pid });
  expect(lock).toBeDefined();
});

test('of eight processes that find a dead holder, one after the other gets the lock and never two', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const first = await holdInChild(directory);
  await first.kill();
  const waiting = Array.from({ length: 8 }, () => spawnHolder(directory));
  try {
    const left = new Set(waiting);
    while (left.size > 0) {
      const winner = await Promise.race([...left].map((child) => child.held.then(() => child)));
      expect(JSON.parse(await readFile(`${directory}.lock`, 'utf8'))).toMatchObject({ pid: winner.process.pid });
      const others = [...left].filter((child) => child !== winner && child.isHeld());
      expect(others).toEqual([]);
      await winner.kill();
      left.delete(winner);
    }
  } finally {
    await Promise.all(waiting.map((child) => child.kill()));
  }
});

test('a takeover that was killed in its middle is taken over itself', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const dead = await holdInChild(directory);
  await dead.kill();
  await writeFile(`${directory}.lock.takeover`, await readFile(`${directory}.lock`));
  await using lock = await lockDirectory(directory, context('/'));
  expect({ lock: lock !== undefined, files: await readdir(folder.path) }).toEqual({
    lock: true,
    files: ['scene.lock'],
  });
});

test.each([
  ['of another host', { host: 'elsewhere.invalid' }],
  ['of another pid namespace', { pidNamespace: 'pid:[1]' }],
])('a holder %s is not taken for dead', async (_, difference) => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await writeFile(`${directory}.lock`, JSON.stringify({ ...ownIdentity(), pid: 4_194_304, ...difference }));
  await expect(lockDirectory(directory, context('/'))).rejects.toMatchObject({ code: 'lock_held' });
});

test('a later process with the pid of a dead holder does not keep its lock', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await writeFile(`${directory}.lock`, JSON.stringify({ ...ownIdentity(), processStart: '1' }));
  await using lock = await lockDirectory(directory, context('/'));
  expect(lock).toBeDefined();
});

test('a lock file that says nothing is left alone', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await writeFile(`${directory}.lock`, 'what');
  await expect(lockDirectory(directory, context('/'))).rejects.toMatchObject({
    code: 'lock_held',
    message: expect.stringContaining('an unknown process'),
  });
});

test('waiting for the lock ends when it is released, and when it is aborted', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const first = await lockDirectory(directory, context('/'));
  const second = lockDirectory(directory, context('/', 60_000));
  await first[Symbol.asyncDispose]();
  await using _second = await second;
  const stop = new AbortController();
  const third = lockDirectory(directory, { ...context('/', 60_000), signal: stop.signal });
  stop.abort(new Error('stopped'));
  await expect(third).rejects.toThrow('stopped');
});

test('a directory with other files, and a path that is a file, are refused without a trace', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'photos'));
  await writeFile(join(folder.path, 'photos', 'one.jpg'), '');
  await writeFile(join(folder.path, 'file'), '');
  for (const name of ['photos', 'file', 'file/below']) {
    await expect(lockDirectory(join(folder.path, name), context('/'))).rejects.toMatchObject({ code: 'file_unusable' });
  }
  expect((await readdir(folder.path)).sort()).toEqual(['file', 'photos']);
});

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'scenedim-pglite-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

interface Holder {
  readonly process: ChildProcess;
  readonly held: Promise<unknown>;
  isHeld(): boolean;
  kill(): Promise<void>;
}

function spawnHolder(directory: string): Holder {
  const program = new URL('pglite-lock-holder.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let isHeld = false;
  const held = once(child.stdout, 'data').then(() => {
    isHeld = true;
  });
  return {
    process: child,
    held,
    isHeld: () => isHeld,
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function holdInChild(
  directory: string,
): Promise<{ readonly child: ChildProcess; kill(): Promise<void> } & AsyncDisposable> {
  const holder = spawnHolder(directory);
  await holder.held;
  return { child: holder.process, kill: holder.kill, [Symbol.asyncDispose]: holder.kill };
}
