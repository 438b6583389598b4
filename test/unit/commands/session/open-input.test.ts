import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInput } from '../../../../src/commands/session/open-input.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scenedim-input-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function readAll(path: string): Promise<string> {
  await using input = await openInput(path);
  const chunks: Uint8Array[] = [];
  for await (const chunk of input) chunks.push(chunk);
  return `${input.name}: ${Buffer.concat(chunks).toString()}`;
}

test('a file is read under its own name', async () => {
  const path = join(directory, 'log.ndjson');
  await writeFile(path, 'a\nb\n');
  expect(await readAll(path)).toBe(`${path}: a\nb\n`);
});

test('a dash is standard input', () => {
  const module = new URL('../../../../src/commands/session/open-input.ts', import.meta.url).href;
  const script = `
    const { openInput } = await import(${JSON.stringify(module)});
    const input = await openInput('-');
    for await (const chunk of input) process.stdout.write(input.name + ': ' + chunk);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    input: 'a\nb\n',
    encoding: 'utf8',
  });
  expect(child).toMatchObject({ status: 0, stdout: 'stdin: a\nb\n' });
});

test('an input that was opened and not read closes', async () => {
  const path = join(directory, 'unread.ndjson');
  await writeFile(path, 'a\n');
  const input = await openInput(path);
  await input[Symbol.asyncDispose]();
});

test('a file that cannot be read is an error that names it', async () => {
  const failures: unknown[] = [];
  for (const path of [join(directory, 'missing.ndjson'), directory]) {
    await readAll(path).catch((error: unknown) => failures.push(error));
  }
  const remedy = 'name a file that can be read, or - for standard input';
  expect(failures).toMatchObject([
    {
      code: 'file_unusable',
      message: `${join(directory, 'missing.ndjson')} does not exist`,
      remedy,
    },
    { code: 'file_unusable', message: `${directory} is a directory`, remedy },
  ]);
});
