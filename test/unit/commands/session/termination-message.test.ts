import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TerminationMessage } from '../../../../src/commands/session/termination-message.ts';

const error = { code: 'usage', message: 'a thing is wrong', remedy: null } as const;
const summary = { command: 'sync', outcome: 'partial', exit_code: 75 };

test.each<[string, (message: TerminationMessage) => void, object]>([
  ['the exit status', () => {}, { command: 'check', outcome: 'failed', exit_code: 78 }],
  [
    'an error',
    (message) => message.leaveError(64, { error }),
    { command: 'check', outcome: 'failed', exit_code: 64, error },
  ],
  ['the summary of a run', (message) => message.leave(summary), summary],
])('a process leaves %s', async (_, leave, expected) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'termination-'));
  const path = join(folder.path, 'termination-log');
  await writeFile(path, '');
  const message = new TerminationMessage('check', path);
  leave(message);
  message.leaveStatus(78);
  expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(expected);
});
