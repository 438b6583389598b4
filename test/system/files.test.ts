/** Files as people name them: pipes, links, devices, what a shell makes of `<(…)` and `>(…)`. */
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import {
  chmod,
  lstat,
  mkdtempDisposable,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { copyPglite } from '../support/prepared-pglite.ts';
import { cliPath, ended, runCli, startCli } from '../support/spawn-cli.ts';

const run = promisify(execFile);
const line = '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00Z","body":{"scene":[{"name":"A","value":1}]}}\n';
let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;
let exported = '';
const at = (name: string): string => join(directory.path, name);
const options = () => ({ cwd: directory.path });

beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'scenedim-files-'));
  await writeFile(at('scenedim.yaml'), '{"target":{"type":"pglite","path":"data"}}');
  await copyPglite(at('data'));
  expect((await runCli(['replay', '-'], { ...options(), input: line })).code).toBe(0);
  exported = (await runCli(['export'], options())).stdout;
  expect(exported).toContain('"scene_name":"A"');
});
afterAll(() => directory[Symbol.asyncDispose]());

describe('--output', () => {
  test('through a link replaces what the link leads to, and keeps link and mode', async () => {
    await writeFile(at('real.ndjson'), 'old', { mode: 0o640 });
    await chmod(at('real.ndjson'), 0o640);
    await symlink('real.ndjson', at('link.ndjson'));
    expect((await runCli(['export', '--output', 'link.ndjson'], options())).code).toBe(0);
    expect((await lstat(at('link.ndjson'))).isSymbolicLink()).toBe(true);
    expect(await readFile(at('real.ndjson'), 'utf8')).toBe(exported);
    expect((await stat(at('real.ndjson'))).mode & 0o777).toBe(0o640);
  });

  test('through a link to nothing makes what the link names', async () => {
    await symlink('new.ndjson', at('dangling.ndjson'));
    expect((await runCli(['export', '--output', 'dangling.ndjson'], options())).code).toBe(0);
    expect(await readFile(at('new.ndjson'), 'utf8')).toBe(exported);
  });

  test('leaves a device a device', async () => {
    const before = await stat('/dev/null');
    expect((await runCli(['export', '--output', '/dev/null'], options())).code).toBe(0);
    const after = await stat('/dev/null');
    expect([after.isCharacterDevice(), after.ino]).toEqual([true, before.ino]);
  });

  test('reaches the reader of a pipe', async () => {
    await run('mkfifo', [at('pipe')]);
    const reader = spawn('cat', [at('pipe')]);
    const text = reader.stdout.setEncoding('utf8').toArray();
    expect((await runCli(['export', '--output', 'pipe'], options())).code).toBe(0);
    expect((await text).join('')).toBe(exported);
    expect((await stat(at('pipe'))).isFIFO()).toBe(true);
  });

  test('reaches what a shell started for it', async () => {
    const command = `${process.execPath} ${cliPath} export --output >(gzip > packed.gz); wait $!`;
    await run('bash', ['-c', command], options());
    expect((await run('gzip', ['-dc', at('packed.gz')])).stdout).toBe(exported);
  });

  test('to a directory is refused with a remedy', async () => {
    const { code, stderr } = await runCli(['export', '--output', '.'], options());
    expect([code, stderr]).toEqual([74, expect.stringContaining('EISDIR')]);
  });
});

describe('a Parquet file whose source', () => {
  const sources = new URL('../../src/', import.meta.url).pathname;
  /** A target that gives 25,000 versions, and then does what its config says. */
  const target = `
    import { createMemoryLoader } from '${sources}load/memory/memory-loader.ts';
    const version = {
      versionId: 'v', sceneId: 's', appId: 'a', sceneKey: '1', sceneValue: 1n, valueKind: 'numeric', isAggregate: false,
      sceneName: 'n', effectiveFrom: 0n, effectiveTo: 1n, endReason: 'removed', firstObservedAt: 0n,
    };
    async function* readVersions(then, signal) {
      for (let n = 0; n < 25_000; n += 1) yield version;
      if (then === 'fails') throw new Error('the connection is gone');
      const timer = setInterval(() => {}, 1_000);
      await new Promise((resolve) => signal.addEventListener('abort', resolve)).finally(() => clearInterval(timer));
      signal.throwIfAborted();
    }
    export const loaderFactory = {
      parseConfig: (section) => section,
      create: async ({ then }) => ({
        ...createMemoryLoader(),
        readMeta: async () => ({ schemaVersion: 1, normalizerVersion: 1 }),
        readVersions: (_, signal) => readVersions(then, signal),
      }),
    };`;
  const args = ['export', '--format', 'parquet', '--output', 'scenes.parquet', '--config', 'endless.json'];
  const files = async () => (await readdir(directory.path)).filter((name) => name.startsWith('scenes.parquet'));

  beforeAll(() => writeFile(at('endless.mjs'), target));
  const configure = (then: string) =>
    writeFile(at('endless.json'), JSON.stringify({ target: { type: './endless.mjs', then } }));

  test('fails leaves the old file as it is, and nothing else', async () => {
    await configure('fails');
    await writeFile(at('scenes.parquet'), 'old');
    const { code, stderr } = await runCli(args, options());
    expect([code, stderr]).toEqual([70, expect.stringContaining('the connection is gone')]);
    expect([await files(), await readFile(at('scenes.parquet'), 'utf8')]).toEqual([['scenes.parquet'], 'old']);
    await rm(at('scenes.parquet'));
  });

  test('is stopped leaves nothing behind', async () => {
    await configure('waits');
    const child = startCli(args, options());
    // Nothing else ends it when the test fails before its signal.
    onTestFinished(() => void child.kill('SIGKILL'));
    const result = ended(child);
    // Two row groups are on the disk, in a file of another name.
    while ((await Promise.all((await files()).map((name) => stat(at(name))))).every(({ size }) => size < 1_000)) {
      expect(child.exitCode).toBeNull();
    }
    expect(await files()).toEqual([expect.stringMatching(/^scenes\.parquet\.\w+\.tmp$/)]);
    child.kill('SIGTERM');
    expect((await result).code).toBe(143);
    expect(await files()).toEqual([]);
  });
});

describe('a pipe that nobody writes to', () => {
  test.each([
    ['the input of replay', ['replay', 'silent']],
    ['the output of export', ['export', '--output', 'silent']],
    ['the metrics of a run', ['replay', '-', '--metrics-file', 'silent']],
    ['the config', ['status', '--config', 'silent']],
    ['the script of the simulator', ['simulate', '--script', 'silent']],
  ])('as %s does not outlive one SIGTERM', async (_, args) => {
    await run('mkfifo', [at('silent')]).catch(() => {});
    const child = startCli(args, options());
    child.stdin.end(line);
    // It waits for its partner: nothing else shows that, so the test waits until the pipe is the only thing it could wait for.
    const result = ended(child);
    await startedWaiting(child.pid ?? 0, at('silent'));
    child.kill('SIGTERM');
    expect((await result).code).toBe(143);
  });

  test('as a secret does not outlive one SIGTERM', async () => {
    await run('mkfifo', [at('secret')]);
    const account = { appId: 'wx1', accessToken: { file: 'secret' } };
    await writeFile(
      at('fifo.json'),
      JSON.stringify({ source: { accounts: [account] }, target: { type: 'pglite', path: 'data' } }),
    );
    const child = startCli(['sync', '--config', 'fifo.json'], options());
    const result = ended(child);
    await startedWaiting(child.pid ?? 0, at('secret'));
    child.kill('SIGTERM');
    expect((await result).code).toBe(143);
  });
});

test('a pipe whose writer falls silent does not keep replay from ending', async () => {
  await run('mkfifo', [at('idle')]);
  const child = startCli(['replay', 'idle'], options());
  const result = ended(child);
  await using writer = await open(at('idle'), constants.O_WRONLY);
  await writer.write(line);
  child.kill('SIGTERM');
  expect((await result).code).toBe(143);
});

/** Resolves when a thread of the process sleeps in the opening of a pipe. */
async function startedWaiting(pid: number, path: string): Promise<void> {
  for (;;) {
    const threads = await readdir(`/proc/${pid}/task`);
    const waits = await Promise.all(
      threads.map((id) => readFile(`/proc/${pid}/task/${id}/wchan`, 'utf8').catch(() => '')),
    );
    if (waits.some((where) => /fifo/.test(where))) return;
    const syscalls = await Promise.all(
      threads.map((id) => readFile(`/proc/${pid}/task/${id}/syscall`, 'utf8').catch(() => '')),
    );
    // openat is 257 on x86-64 and 56 on arm64.
    if (syscalls.some((call) => /^(?:257|56) /.test(call))) return;
    if (!(await stat(path)).isFIFO()) throw new Error(`${path} is no pipe any more`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
