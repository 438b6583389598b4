import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { writeResult } from '../../../../src/commands/result/write-result.ts';
import { createOutput } from '../../../../src/commands/session/output.ts';
import type { Session } from '../../../../src/commands/session/session.ts';

async function* lines() {
  for (;;) yield 'a line that nobody reads\n';
}

test('a stop ends a command whose reader has stalled', async () => {
  const stop = new AbortController();
  const reason = new Error('stopped');
  // Takes one line and never says that it wants another.
  const stalled = new PassThrough({ highWaterMark: 1, transform: () => {} });
  const session = { out: createOutput(stalled, {}, () => {}), signal: stop.signal } as Session;
  const outcome = writeResult(session, lines(), {}).catch((error: unknown) => error);
  setImmediate(() => stop.abort(reason));
  expect(await outcome).toBe(reason);
});
