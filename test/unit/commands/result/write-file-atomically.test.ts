import { chmod, chown, mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomically } from '../../../../src/commands/result/write-file-atomically.ts';

test('a file below something that is no directory cannot be written, and that is no defect', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  await writeFile(join(directory.path, 'file'), '');
  const path = join(directory.path, 'file', 'scenes.csv');
  await expect(writeFileAtomically(path, ['a'])).rejects.toMatchObject({
    code: 'file_unusable',
    message: `${path} cannot be written (ENOTDIR)`,
  });
});

test('what was half written when the rows ended early is taken away', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'write-'));
  const broken = new Error('the database went away');
  const rows = async function* () {
    yield 'a\n';
    throw broken;
  };
  await expect(writeFileAtomically(join(directory.path, 'scenes.csv'), rows())).rejects.toBe(broken);
  expect(await readdir(directory.path)).toEqual([]);
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
