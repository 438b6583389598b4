import { execFile } from 'node:child_process';
import { pbkdf2 } from 'node:crypto';
import { mkdtempDisposable, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openPipe, openReadable } from '../../src/named-pipe.ts';

test('a file without an end is read until the signal, and ends with its reason', async () => {
  const controller = new AbortController();
  const stream = await openReadable('/dev/zero', controller.signal);
  const reason = new Error('stopped by SIGTERM');
  stream.once('data', () => controller.abort(reason));
  await expect(stream.toArray()).rejects.toBe(reason);
});

test('a signal that was aborted before ends the stream with its reason', async () => {
  const reason = new Error('stopped by SIGINT');
  const stream = await openReadable('/dev/zero', AbortSignal.abort(reason));
  await expect(stream.toArray()).rejects.toBe(reason);
});

test('a signal that comes before a thread waits for the writer of a pipe ends the opening with its reason', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'scenedim-pipe-'));
  const path = join(directory.path, 'silent');
  await promisify(execFile)('mkfifo', [path]);
  const reason = new Error('stopped by SIGTERM');
  const controller = new AbortController();
  const opening = openReadable(path, controller.signal);
  // Once the pipe is known as one, every thread has something else to do first.
  const busy = Promise.all(Array.from({ length: 16 }, () => promisify(pbkdf2)('', '', 100_000, 32, 'sha512')));
  await new Promise(setImmediate);
  controller.abort(reason);
  await expect(opening).rejects.toBe(reason);
  await busy;
});

test.each(['read', 'write'] as const)(
  'a signal ends the opening of a pipe to %s whose name is gone',
  async (direction) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'scenedim-pipe-'));
    const path = join(directory.path, 'silent');
    await promisify(execFile)('mkfifo', [path]);
    const reason = new Error('stopped by SIGTERM');
    const controller = new AbortController();
    const opening = openPipe(path, direction, controller.signal);
    opening.catch(() => {});
    await rm(path);
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  },
);
