import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeUnreadable, readText, readTextSync } from '../../src/text-file.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-text-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const text = 'target: { type: pglite } # 数据\n';

function written(content: string | Buffer): string {
  const path = join(directory, 'file');
  writeFileSync(path, content);
  return path;
}

/** Why a file is refused, both ways to read it. */
async function flawsOf(path: string): Promise<readonly string[]> {
  const why = (error: unknown) => describeUnreadable(error, 'own remedy').why;
  const later = await readText(path).then(() => 'read', why);
  try {
    readTextSync(path);
    return [later, 'read'];
  } catch (error) {
    return [later, why(error)];
  }
}

describe('a text file', () => {
  test('is read without its byte order mark', async () => {
    expect(await readText(written(`\ufeff${text}`))).toBe(text);
    expect(readTextSync(written(text))).toBe(text);
  });

  test.each(['UTF-16', 'UTF-16LE', 'UTF-16BE', 'UTF-32', 'UTF-32LE', 'UTF-32BE'])('in %s is told', async (encoding) => {
    const path = written(execFileSync('iconv', ['-f', 'UTF-8', '-t', encoding], { input: text }));
    const why = `is ${encoding.slice(0, 6)}, not UTF-8`;
    expect(await flawsOf(path)).toEqual([why, why]);
    const remedy = await readText(path).catch((error: unknown) => describeUnreadable(error, '').remedy);
    const command = /convert it: (.*)$/.exec(remedy)?.[1] ?? '';
    execFileSync('sh', ['-c', command]);
    expect(await readText(`${path}.utf8`)).toBe(text);
  });

  test('in GBK is told', async () => {
    const path = written(execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GBK'], { input: text }));
    await expect(readText(path)).rejects.toMatchObject({ message: 'is not UTF-8' });
  });

  test.each(['/dev/zero', '/dev/full'])('that is %s is not read without end', async (path) => {
    const why = 'is no text: it holds NUL bytes';
    expect(await flawsOf(path)).toEqual([why, why]);
  });

  test('has a largest size', async () => {
    await expect(readText(written('a'.repeat(1_048_577)))).rejects.toMatchObject({ message: 'has more than 1 MiB' });
    expect((await readText(written('a'.repeat(1_048_576)))).length).toBe(1_048_576);
    expect(await flawsOf(written('a'.repeat(17_000_000)))).toEqual(['has more than 1 MiB', 'has more than 16 MiB']);
  });

  test('is neither a directory nor missing', async () => {
    expect(await flawsOf(directory)).toEqual(['is a directory', 'is a directory']);
    expect(await flawsOf(join(directory, 'no'))).toEqual(['does not exist', 'does not exist']);
  });

  test('may be a pipe, which is not waited for without end', async () => {
    const path = join(directory, 'pipe');
    execFileSync('mkfifo', [path]);
    const stop = new AbortController();
    const reading = readText(path, { signal: stop.signal });
    stop.abort(new Error('stopped by SIGTERM'));
    await expect(reading).rejects.toThrow('stopped by SIGTERM');
    expect(() => readTextSync(path)).toThrow('is a pipe, and nothing came through it');
    execFileSync('sh', ['-c', `(sleep 0.2; printf abc) > '${path}' &`], { stdio: 'ignore' });
    expect(readTextSync(path)).toBe('abc');
  });
});
