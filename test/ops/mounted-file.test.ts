/** A file that is mounted alone, as Kubernetes and docker do with `subPath` and `-v FILE:FILE`. Needs the right to mount. */
import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const module = new URL('../../src/commands/result/write-file-atomically.ts', import.meta.url).href;

test('a file that is a mount of its own gets the new content', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'mounted-'));
  const [mounted, inside] = ['outside', 'inside'].map((name) => join(directory.path, name)) as [string, string];
  await writeFile(mounted, 'old and longer');
  await writeFile(inside, '');
  const program = `const { writeFileAtomically } = await import(${JSON.stringify(module)});
    await writeFileAtomically(process.argv[1], ['new']);`;
  const shell = 'mount --bind "$1" "$2" && "$3" --input-type=module -e "$4" "$2"';
  await run('unshare', ['--mount', 'sh', '-c', shell, 'sh', mounted, inside, process.execPath, program]);
  expect([await readFile(mounted, 'utf8'), await readFile(inside, 'utf8')]).toEqual(['new', '']);
  expect((await readdir(directory.path)).sort()).toEqual(['inside', 'outside']);
});
