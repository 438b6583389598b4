import { expect, test } from 'vitest';
import { openReadable } from '../../src/named-pipe.ts';

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
