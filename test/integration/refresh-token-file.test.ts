/** The file of refresh tokens: what is on the disk when a change is heard of, and who else may have it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { openRefreshTokenFile, type RefreshTokenFile } from '../../src/extract/refresh-tokens/file-store.ts';
import { isOpenToOthers } from '../../src/extract/refresh-tokens/token-file.ts';
import { skipVisibly } from '../support/postgres.ts';
import { ended } from '../support/spawn-cli.ts';

const { signal } = new AbortController();
const writer = new URL('refresh-token-writer.ts', import.meta.url).pathname;

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'scenedim-tokens-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

async function replace(
  store: RefreshTokenFile,
  appId: string,
  expected: string | null,
  token: string,
): Promise<boolean> {
  return (await store.replace([{ appId, expected, token }], signal)).has(appId);
}

test('the first change makes the file, one account a line, for its owner alone', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  {
    await using store = openRefreshTokenFile(path);
    expect(await store.read(['wx1'], signal)).toEqual(new Map());
    expect(await replace(store, 'wx1', 'old', 'x')).toBe(false);
    expect(await readdir(folder.path)).toEqual(['tokens.json.lock']);
    expect(await replace(store, 'wx2', null, 'b')).toBe(true);
    expect(await replace(store, 'wx1', null, 'a"\\')).toBe(true);
    expect(await replace(store, 'wx1', null, 'x')).toBe(false);
    expect(await replace(store, '__proto__', null, 'c')).toBe(true);
    expect(await store.read(['wx1', 'wx3'], signal)).toEqual(new Map([['wx1', 'a"\\']]));
  }
  expect(await readFile(path, 'utf8')).toBe('{\n  "__proto__": "c",\n  "wx1": "a\\"\\\\",\n  "wx2": "b"\n}\n');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await using again = openRefreshTokenFile(path);
  expect(await replace(again, '__proto__', 'c', 'cc')).toBe(true);
});

test('the next write makes the file private, and a link to it stays a link', async () => {
  await using folder = await temporaryFolder();
  const [path, link] = [join(folder.path, 'real/tokens.json'), join(folder.path, 'link.json')];
  await mkdir(join(folder.path, 'real'));
  await writeFile(path, '\ufeff{"wx1":"a"}');
  await chmod(path, 0o640);
  await symlink('real/tokens.json', link);
  expect(await isOpenToOthers(link)).toBe(true);
  await using store = openRefreshTokenFile(link);
  expect(await replace(store, 'wx1', 'a', 'b')).toBe(true);
  expect(await isOpenToOthers(link)).toBe(false);
  expect(await readdir(folder.path)).toEqual(['link.json', 'real']);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ wx1: 'b' });
  await using other = openRefreshTokenFile(path);
  await expect(other.read(['wx1'], signal)).rejects.toMatchObject({ code: 'lock_held' });
});

test.each([
  ['{"wx1": "secret-a", "wx2": "secr', 'is not JSON'],
  ['', 'is empty'],
  ['["secret-a"]', 'is not a JSON object'],
  ['null', 'is not a JSON object'],
  ['{"wx1": {"token": "secret-a"}}', 'has no text for "wx1"'],
  ['{"wx1": ""}', 'has no text for "wx1"'],
])('a file that holds %j is refused and kept; corrected, it is read', async (text, why) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  await writeFile(path, text);
  await using store = openRefreshTokenFile(path);
  const error = {
    code: 'file_unusable',
    message: `${path} ${why}`,
    remedy: 'correct it, or put a copy of it back: an object of app ids and refresh tokens, like {"wx1": "…"}',
  };
  await expect(store.read(['wx1'], signal)).rejects.toMatchObject(error);
  await expect(replace(store, 'wx1', null, 'b')).rejects.toMatchObject(error);
  expect(await readFile(path, 'utf8')).toBe(text);
  await writeFile(path, '{"wx1": "secret-a"}');
  expect(await replace(store, 'wx1', 'secret-a', 'b')).toBe(true);
});

test('a missing directory is refused, and the file is made once the directory exists', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'deep/tokens.json');
  await using store = openRefreshTokenFile(path);
  const error = {
    code: 'file_unusable',
    message: expect.stringContaining('(ENOENT)'),
    remedy: 'make the directory first',
  };
  await expect(replace(store, 'wx1', null, 'a')).rejects.toMatchObject(error);
  await mkdir(join(folder.path, 'deep'));
  expect(await replace(store, 'wx1', null, 'a')).toBe(true);
});

test('a damaged lock is refused, and the store works once it is deleted', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  await writeFile(`${path}.lock`, 'what is this?'.repeat(100));
  await using store = openRefreshTokenFile(path);
  const remedy = 'delete it while no scenedim uses the refresh tokens';
  await expect(store.read(['wx1'], signal)).rejects.toMatchObject({ code: 'file_unusable', remedy });
  await rm(`${path}.lock`);
  expect(await store.read(['wx1'], signal)).toEqual(new Map());
});

test('a file is locked by one store at a time, and another store may wait for it', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  const store = openRefreshTokenFile(path);
  await replace(store, 'wx1', null, 'a');
  await using impatient = openRefreshTokenFile(path);
  await expect(impatient.read(['wx1'], signal)).rejects.toMatchObject({
    code: 'lock_held',
    message: expect.stringContaining(`process ${process.pid} on `),
    remedy: 'run again later, or end that process: the lock ends with it; shards need tokenStore: { target: true }',
  });
  const heard: string[] = [];
  await using patient = openRefreshTokenFile(path, { waitMs: 30_000, onWait: (message) => heard.push(message) });
  const read = patient.read(['wx1'], signal);
  const stored = replace(store, 'wx1', 'a', 'b');
  await store[Symbol.asyncDispose]();
  expect([await stored, await read]).toEqual([true, new Map([['wx1', 'b']])]);
  expect(heard).toEqual([expect.stringContaining('is held by process')]);
  await expect(store.read(['wx1'], signal)).rejects.toMatchObject({ code: 'internal' });
});

test('many changes take few writes, and no change resolves before it is on the disk', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  await using store = openRefreshTokenFile(path);
  const appIds = Array.from({ length: 2_000 }, (_, n) => `wx${n}`);
  const inodes = new Set<number>();
  await Promise.all(
    appIds.map(async (appId) => {
      expect(await replace(store, appId, null, `${appId} 1`)).toBe(true);
      inodes.add((await stat(path)).ino);
      expect((await store.read([appId], signal)).get(appId)).toBe(`${appId} 1`);
    }),
  );
  expect(inodes.size).toBeLessThan(10);
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8'))).sort()).toEqual(appIds.toSorted());
  const racing = await Promise.all(appIds.map((_, n) => replace(store, 'wx0', 'wx0 1', `winner ${n}`)));
  expect(racing.filter((won) => won)).toHaveLength(1);
  const written = replace(store, 'wx1', 'wx1 1', 'wx1 2');
  const shown = await store.read(['wx1'], signal);
  const onDisk = JSON.parse(await readFile(path, 'utf8')).wx1;
  if (onDisk === 'wx1 1') expect(shown.get('wx1')).toBe('wx1 1');
  await written;
});

test('a killed process loses no token whose change resolved, and leaves the file unlocked', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'tokens.json');
  for (let kill = 1; kill <= 8; kill += 1) {
    const child = spawn(process.execPath, [writer, path, '20'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const stored = new Map<string, string>();
    for await (const line of createInterface(child.stdout)) {
      stored.set(line.split(' ')[0] ?? '', line);
      if (stored.size === 20 && Math.random() < 0.02) child.kill('SIGKILL');
    }
    await exited;
    await using store = openRefreshTokenFile(path);
    const found = await store.read([...stored.keys()], signal);
    const roundOf = (token = '') => Number(token.split(' ')[1]);
    for (const [appId, token] of stored) expect(roundOf(found.get(appId))).toBeGreaterThanOrEqual(roundOf(token));
  }
});

/** A small disk, which only what runs in this name space of mounts sees. */
const script = `
mount -t tmpfs -o size=200k tmpfs "$FOLDER" && cd / || exit 9
work() { "$NODE" --input-type=module -e "$PROGRAM" "$1"; }
work small
head -c 180k /dev/zero > "$FOLDER/filler"; work large
mount -o remount,ro "$FOLDER" || exit 9
work small
mount -o remount,rw,size=10m "$FOLDER" || exit 9
work large
ls "$FOLDER"`;

/** A file that is mounted over itself, as containers mount one. */
const mountScript = `
mount -t tmpfs -o size=200k tmpfs "$FOLDER" && echo '{}' > "$FOLDER/tokens.json" && mount --bind "$FOLDER/tokens.json" "$FOLDER/tokens.json" || exit 9
work() { "$NODE" --input-type=module -e "$PROGRAM" "$1"; }
work small
umount "$FOLDER/tokens.json" || exit 9
work small
ls "$FOLDER"`;

const program = `
const { openRefreshTokenFile } = await import(${JSON.stringify(new URL('../../src/extract/refresh-tokens/file-store.ts', import.meta.url).pathname)});
const { readFileSync } = await import('node:fs');
const path = process.env.FOLDER + '/tokens.json';
const store = openRefreshTokenFile(path);
const { signal } = new AbortController();
const appId = process.argv[1];
const token = appId === 'large' ? 't'.repeat(50_000) : 't';
await store.replace([{ appId, expected: null, token }], signal).then(
  (replaced) => console.log('stored', ...replaced), (error) => console.log(error.code + ': ' + error.remedy));
await store[Symbol.asyncDispose]();
console.log(Object.keys(JSON.parse(readFileSync(path))).join());`;

function mountsWork(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

if (!mountsWork()) skipVisibly('a full disk', 'no tmpfs may be mounted with unshare -rm');
else {
  const run = async (commands: string) => {
    await using folder = await temporaryFolder();
    const env = { ...process.env, FOLDER: folder.path, NODE: process.execPath, PROGRAM: program };
    return (await ended(spawn('unshare', ['-rm', 'bash', '-c', commands], { env }))).stdout.trimEnd().split('\n');
  };

  test('the file keeps its content on a disk that is full or read only, and takes the change when there is room', async () => {
    expect(await run(script)).toEqual([
      'stored small',
      'small',
      'file_unusable: make room on the disk',
      'small',
      'file_unusable: let this user read the file, and write in its directory, where each new content is a new file',
      'small',
      'stored large',
      'large,small',
      'filler',
      'tokens.json',
      'tokens.json.lock',
    ]);
  });

  test('a file that is mounted alone cannot be replaced; with its directory mounted it can', async () => {
    expect(await run(mountScript)).toEqual([
      'file_unusable: a file that is mounted alone cannot be replaced: mount its directory',
      '',
      'stored small',
      'small',
      'tokens.json',
      'tokens.json.lock',
    ]);
  });
}
