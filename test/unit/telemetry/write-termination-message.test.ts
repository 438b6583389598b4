import { existsSync } from 'node:fs';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { summaryOf } from '../../../src/telemetry/run-summary.ts';
import { terminationMessage, writeTerminationMessage } from '../../../src/telemetry/write-termination-message.ts';
import { endedRun } from '../../support/ended-run.ts';

const summary = summaryOf(endedRun({ exitCode: 75 }));
const error = (message: string) => ({ code: 'target_denied', message, remedy: 'ask your DBA' });

describe('a termination message', () => {
  test('holds the problems that there is room for', () => {
    const problem = (index: number) => ({ app_id: `wx${index}`, message: '错误'.repeat(50) });
    const problems = Array.from({ length: 100 }, (_, index) => problem(index));
    const text = terminationMessage(summary, problems);
    const { problems: shown, ...rest } = JSON.parse(text);
    expect(rest).toEqual(summary);
    expect(shown).toEqual(problems.slice(0, shown.length));
    const bytes = Buffer.byteLength(text);
    const next = Buffer.byteLength(JSON.stringify(problem(99))) + 1;
    expect([bytes <= 4096, bytes + next > 4096]).toEqual([true, true]);
  });

  test.each(['x', '错', '"', '😀'])('has at most 4,096 bytes, whatever an error quotes: %s', (character) => {
    const message = character.repeat(5000);
    const text = terminationMessage({ ...summary, error: error(message) }, []);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(text)).toBeGreaterThan(3000);
    const { error: shown, ...rest } = JSON.parse(text);
    expect(rest).toEqual(summary);
    expect([shown.remedy, message.startsWith(shown.message.slice(0, -1)), shown.message.at(-1)]).toEqual([
      'ask your DBA',
      true,
      '…',
    ]);
  });

  test('has at most 4,096 bytes, also when a remedy repeats what is as long', () => {
    const path = '很/'.repeat(1000);
    const long = { code: 'file_unusable', message: `${path} is missing`, remedy: `make ${path}` };
    const text = terminationMessage({ ...summary, error: long }, []);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    const { error: shown, ...rest } = JSON.parse(text);
    expect([rest, shown.code]).toEqual([summary, long.code]);
    for (const name of ['message', 'remedy'] as const) {
      expect([shown[name].length > 100, long[name].startsWith(shown[name].slice(0, -1))]).toEqual([true, true]);
    }
  });

  test('replaces what the file says, and makes no file', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'termination-'));
    const path = join(folder.path, 'termination-log');
    writeTerminationMessage(summary, [], path);
    expect(existsSync(path)).toBe(false);
    await writeFile(path, 'something older that is longer than what comes, '.repeat(100));
    writeTerminationMessage(summary, [], path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(summary);
  });
});
