import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../../src/make-directory.ts';

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'scenedim-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

describe('makeDirectory', () => {
  test('makes what is missing above, with the mode for the last one, and keeps what is there', async () => {
    await using base = await temporaryDirectory();
    const path = join(base.path, 'a', 'b', 'c');
    await makeDirectory(path, 0o700);
    await makeDirectory(path, 0o755);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await makeDirectory('/');
  });

  test('says what is in the way', async () => {
    await using base = await temporaryDirectory();
    const file = join(base.path, 'file');
    await writeFile(file, '');
    await symlink(join(base.path, 'nowhere'), join(base.path, 'link'));
    await expect(makeDirectory(file)).rejects.toThrow('EEXIST');
    await expect(makeDirectory(join(base.path, 'link'))).rejects.toThrow('EEXIST');
    await expect(makeDirectory(join(file, 'a'))).rejects.toThrow('ENOTDIR');
  });

  test('ends where the system makes no directories', { skip: process.platform !== 'linux' }, () => {
    // In a process of its own: a call that does not end keeps the process alive.
    const script = `import { makeDirectory } from './src/make-directory.ts';
      for (const path of ['/proc/scene', '/proc/scene/a/b', '/proc/self/scene'])
        await makeDirectory(path).then(() => console.log('made'), ({ code }) => console.log(code));`;
    const node = ['--input-type=module', '-e', script];
    const { stdout, signal } = spawnSync(process.execPath, node, {
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
    });
    expect({ stdout, signal }).toEqual({ stdout: 'ENOENT\nENOENT\nENOENT\n', signal: null });
  });
});
