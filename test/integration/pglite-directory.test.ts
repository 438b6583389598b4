import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { sampleSettings } from '../../src/load/contract/sample-rows.ts';
import type { Loader } from '../../src/load/loader.ts';
import { readLockHolder } from '../../src/load/pglite/directory-lock.ts';
import { assertMayBeMade, isVacant, lockDirectory } from '../../src/load/pglite/open-directory.ts';
import { createPgliteLoader } from '../../src/load/pglite/pglite-loader.ts';
import { oneAccount } from '../support/postgres-loader-fixture.ts';
import { copyPglite } from '../support/prepared-pglite.ts';

const holderProgram = new URL('pglite-lock-holder.ts', import.meta.url).pathname;
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
      message: expect.stringMatching(`process ${process.pid} on ${hostname()} since \\d{4}-.*Z$`),
      remedy: expect.stringContaining('--lock-timeout'),
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
  const open = (mayMake: boolean) => createPgliteLoader(config, { ...context(folder.path), mayMake });
  {
    await using nothing = await open(false);
    expect(await nothing.readMeta(signal)).toBeNull();
  }
  expect(await readdir(folder.path)).toEqual([]);
  await copyPglite(join(folder.path, 'deep/scene'));
  {
    await using loader = await open(true);
    await loader.migrate(sampleSettings, signal);
  }
  await using loader = await open(false);
  expect(await loader.readMeta(signal)).toMatchObject({ rebuilding: false });
  await expect(open(false)).rejects.toMatchObject({ code: 'lock_held' });
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
  using lock = await lockDirectory(directory, context('/'));
  expect(readLockHolder(lock.path)).toMatchObject({ pid: process.pid });
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
      expect(readLockHolder(directory)).toMatchObject({ pid: winner.process.pid });
      const others = [...left].filter((child) => child !== winner && child.isHeld());
      expect(others).toEqual([]);
      await winner.kill();
      left.delete(winner);
    }
  } finally {
    await Promise.all(waiting.map((child) => child.kill()));
  }
});

test.runIf(existsSync('/proc/self/stat'))('a killed holder that nobody has reaped holds nothing', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const negligent = ['-c', '"$0" "$1" "$2" & exec sleep 600', process.execPath, holderProgram, directory];
  const parent = spawn('sh', negligent, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(parent.stdout, 'data');
    const { pid } = readLockHolder(directory) ?? { pid: 0 };
    const stateOf = async () => /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8'))?.[1];
    process.kill(pid, 'SIGKILL');
    const isOver = async () => (await stateOf()) === 'Z' && (await readdir(`/proc/${pid}/task`)).length === 1;
    while (!(await isOver())) await new Promise(setImmediate);
    using lock = await lockDirectory(directory, context('/'));
    expect(readLockHolder(lock.path)).toMatchObject({ pid: process.pid });
    expect(await stateOf()).toBe('Z');
  } finally {
    parent.kill('SIGKILL');
  }
});

test('of many that try once at the same time, in one process and in others, exactly one gets the lock', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const here = Array.from({ length: 4 }, () => lockDirectory(directory, context('/')));
  const there = Array.from({ length: 6 }, () => spawnHolder(directory, 0));
  const inside = (await Promise.allSettled(here)).filter(({ status }) => status === 'fulfilled');
  const outside = await Promise.all(
    there.map((child) => Promise.race([child.held.then(() => true), child.exited.then(() => false)])),
  );
  await Promise.all(there.map((child) => child.kill()));
  expect(inside.length + outside.filter(Boolean).length).toBe(1);
});

test('the row of a holder that is gone, of whatever pid and host, keeps nobody out', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  (await lockDirectory(directory, context('/')))[Symbol.dispose]();
  expect(readLockHolder(directory)).toMatchObject({ pid: process.pid });
  using database = new DatabaseSync(join(directory, 'scenedim.lock'));
  database.exec("UPDATE holder SET host = 'elsewhere.invalid'");
  using lock = await lockDirectory(directory, context('/'));
  expect(readLockHolder(lock.path)?.text).toContain(`process ${process.pid} on ${hostname()} `);
});

test('a holder of another host is told by its own words', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  (await lockDirectory(directory, context('/')))[Symbol.dispose]();
  using database = new DatabaseSync(join(directory, 'scenedim.lock'));
  database.exec("UPDATE holder SET host = 'elsewhere.invalid', pid = 1; BEGIN IMMEDIATE");
  await expect(lockDirectory(directory, context('/'))).rejects.toMatchObject({
    code: 'lock_held',
    message: expect.stringContaining('process 1 on elsewhere.invalid since '),
  });
});

test('a lock file that is none is left alone', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await mkdir(directory);
  await writeFile(join(directory, 'scenedim.lock'), 'what is this?');
  await expect(lockDirectory(directory, context('/'))).rejects.toMatchObject({
    code: 'file_unusable',
    message: expect.stringContaining(join(directory, 'scenedim.lock')),
  });
  expect(await readFile(join(directory, 'scenedim.lock'), 'utf8')).toBe('what is this?');
});

test('the lock lies inside the directory, and a directory with nothing else is empty', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  (await lockDirectory(directory, context('/')))[Symbol.dispose]();
  expect([await readdir(folder.path), await readdir(directory)]).toEqual([['scene'], ['scenedim.lock']]);
  expect(await isVacant(directory)).toBe(true);
});

test('a link leads to the database, and to its lock', async () => {
  await using folder = await temporaryFolder();
  await copyPglite(join(folder.path, 'real'));
  await symlink(join(folder.path, 'real'), join(folder.path, 'link'));
  const open = (path: string) => createPgliteLoader({ path, schema: 'scene' }, context(folder.path));
  {
    await using loader = await open('./link');
    await loader.migrate(sampleSettings, signal);
    await expect(open('./real')).rejects.toMatchObject({ code: 'lock_held' });
  }
  await using loader = await open('./real');
  expect(await loader.readMeta(signal)).toMatchObject({ rebuilding: false });
});

test('only its owner may use a database, and an unreadable file is told', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const open = () => createPgliteLoader({ path: directory, schema: 'scene' }, context('/'));
  {
    await using loader = await open();
    await loader.migrate(sampleSettings, signal);
    await loader.apply(oneAccount('wx1'), signal);
  }
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const modes = await Promise.all(
    entries.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).mode),
  );
  expect(modes.filter((mode) => (mode & 0o022) !== 0)).toEqual([]);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  await chmod(join(directory, 'PG_VERSION'), 0);
  await expect(open()).rejects.toMatchObject({
    code: 'file_unusable',
    message: expect.stringContaining(join(directory, 'PG_VERSION')),
  });
});

test('a database that was not closed is repaired while its lock is kept', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  await copyPglite(directory);
  const open = () => createPgliteLoader({ path: directory, schema: 'scene' }, context('/'));
  {
    await using loader = await open();
    await loader.migrate(sampleSettings, signal);
  }
  const dying = spawnHolder(directory, 60_000, 'with a transaction');
  await dying.held;
  await dying.kill();
  await using loader = await open();
  await loader.apply(oneAccount('wx1'), signal);
  const other = spawnHolder(directory, 0);
  expect(await Promise.race([other.held.then(() => 'held'), other.exited.then(() => 'refused')])).toBe('refused');
});

test('waiting for the lock ends when it is released, and when it is aborted', async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, 'scene');
  const first = await lockDirectory(directory, context('/'));
  const second = lockDirectory(directory, context('/', 60_000));
  first[Symbol.dispose]();
  using _second = await second;
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
  readonly exited: Promise<unknown>;
  isHeld(): boolean;
  kill(): Promise<void>;
}

function spawnHolder(directory: string, openTimeoutMs = 60_000, ...work: string[]): Holder {
  const args = [holderProgram, directory, String(openTimeoutMs), ...work];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  let isHeld = false;
  const held = new Promise<void>((resolve) => {
    child.stdout.once('data', () => {
      isHeld = true;
      resolve();
    });
  });
  return {
    process: child,
    held,
    exited,
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
