import { expect, test } from 'vitest';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';

test('a secret that WeChat echoes in a recorded answer reaches no row', async () => {
  const loader = createMemoryLoader();
  const context = {
    ...contextFor(loader, { dimension: {}, guards: {} }),
    redact: (text: string) => text.replaceAll('s3cret', '[redacted]'),
  };
  const lines = [
    { observed_at: '2026-01-01T00:00:00Z', body: { errcode: 40001, errmsg: 'invalid credential s3cret rid: 1' } },
    { observed_at: '2026-01-02T00:00:00Z', status: 'failed', error_code: 'network', error_message: 'no s3cret' },
  ].map((line) => JSON.stringify({ app_id: 'wx1', ...line }));
  expect((await replay(context, { input: inputOf(lines), name: 'log.ndjson' })).error).toBeNull();
  const stored = await Array.fromAsync(loader.readObservations({}, context.signal));
  expect(stored.map(({ errorMessage }) => errorMessage)).toEqual([
    'invalid credential [redacted] rid: 1',
    'no [redacted]',
  ]);
});
