import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomically } from '../../../../src/commands/result/write-file-atomically.ts';

test('a file holds everything, and nothing is left beside it', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  const path = join(directory.path, 'scenes.csv');
  expect(await writeFileAtomically(path, ['old'])).toBe(3);
  expect(await writeFileAtomically(path, ['a', '搜'])).toBe(4);
  expect([await readFile(path, 'utf8'), await readdir(directory.path)]).toEqual(['a搜', ['scenes.csv']]);
});

test('a file below a directory that is missing, or is none, cannot be written, and that is no defect', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  await writeFile(join(directory.path, 'file'), '');
  for (const [folder, reason] of [
    ['none', 'ENOENT'],
    ['file', 'ENOTDIR'],
  ] as const) {
    const path = join(directory.path, folder, 'scenes.csv');
    await expect(writeFileAtomically(path, ['a'])).rejects.toMatchObject({
      code: 'file_unusable',
      message: `${path} cannot be written (${reason})`,
    });
  }
});

test('a file stays as it was when the rows end early, and what was half written is taken away', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  const path = join(directory.path, 'scenes.csv');
  const broken = new Error('the database went away');
  const rows = async function* () {
    yield 'new';
    throw broken;
  };
  await expect(writeFileAtomically(path, rows())).rejects.toBe(broken);
  expect(await readdir(directory.path)).toEqual([]);
  await writeFileAtomically(path, ['old']);
  await expect(writeFileAtomically(path, rows())).rejects.toBe(broken);
  expect([await readFile(path, 'utf8'), await readdir(directory.path)]).toEqual(['old', ['scenes.csv']]);
});

test('a file in a folder that may not be written is written in place', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  const folder = join(directory.path, 'folder');
  const path = join(folder, 'scenes.csv');
  await mkdir(folder);
  await writeFile(path, 'old and longer');
  // Root may write everywhere, so it is somebody else for a moment.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    await chown(path, 65534, 65534);
    await chmod(directory.path, 0o755);
    process.seteuid?.(65534);
  } else await chmod(folder, 0o555);
  try {
    expect(await writeFileAtomically(path, ['new'])).toBe(3);
  } finally {
    if (isRoot) process.seteuid?.(0);
    else await chmod(folder, 0o755);
  }
  expect([await readFile(path, 'utf8'), await readdir(folder)]).toEqual(['new', ['scenes.csv']]);
});

/** A process that has begun to write a file and does not end. */
async function startWriting(path: string) {
  const module = new URL('../../../../src/commands/result/write-file-atomically.ts', import.meta.url).href;
  const program = `
    const { writeFileAtomically } = await import(${JSON.stringify(module)});
    setInterval(() => {}, 1_000);
    await writeFileAtomically(process.argv[1], (async function* () {
      yield 'half';
      process.stdout.write('begun');
      await new Promise(() => {});
    })());`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('what a killed process left is removed, and nothing of one that lives, or is of another machine', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  const path = join(directory.path, 'scenes.csv');
  const parts = async () => (await readdir(directory.path)).filter((name) => name.endsWith('.tmp')).sort();
  const killed = await startWriting(path);
  const alive = await startWriting(path);
  try {
    const both = await parts();
    expect(both).toHaveLength(2);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const [place] = /[0-9a-f]{16}/.exec(both[0] ?? '') ?? [];
    // Its process id is that of another process now: one that began at another time.
    const reused = `scenes.csv.${place}_${process.pid}_1_00000000.tmp`;
    const others = [
      'scenes.csv.deadbeef.tmp',
      `scenes.csv.${'0'.repeat(16)}_999999999_1_00000000.tmp`,
      `other.csv.${place}_999999999_1_00000000.tmp`,
    ];
    for (const name of [reused, ...others]) await writeFile(join(directory.path, name), '');
    await writeFileAtomically(path, ['whole']);
    const left = both.filter((name) => name.includes(`_${alive.pid}_`));
    expect(left).toHaveLength(1);
    expect(await parts()).toEqual([...others, ...left].sort());
    expect(await readFile(path, 'utf8')).toBe('whole');
  } finally {
    killed.kill('SIGKILL');
    alive.kill('SIGKILL');
  }
});
