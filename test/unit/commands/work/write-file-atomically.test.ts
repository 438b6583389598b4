import { mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFileAtomically } from '../../../../src/commands/work/write-file-atomically.ts';

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
