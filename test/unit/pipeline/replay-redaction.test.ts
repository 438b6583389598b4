import { expect, test } from 'vitest';
import { createMemoryLoader } from '../../../src/load/memory/memory-loader.ts';
import { replay } from '../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../support/run-case.ts';

test('a secret in a recorded answer, or in the note of a decision, reaches no row', async () => {
  const loader = createMemoryLoader();
  const context = {
    ...contextFor(loader, { dimension: {}, guards: {} }),
    redact: (text: string) => text.replaceAll('s3cret', '[redacted]'),
  };
  const lines = [
    { observed_at: '2026-01-01T00:00:00Z', body: { errcode: 40001, errmsg: 'invalid credential s3cret rid: 1' } },
    { observed_at: '2026-01-02T00:00:00Z', status: 'failed', error_code: 'network', error_message: 'no s3cret' },
    {
      ...{ observed_at: '2026-01-03T00:00:00Z', body: { errcode: 0, scene: [{ name: '搜索', value: 1 }] } },
      ...{ status: 'ok', decided_at: '2026-01-04T00:00:00Z', decision_note: 'asked with s3cret' },
    },
  ].map((line) => JSON.stringify({ app_id: 'wx1', ...line }));
  expect((await replay(context, { input: inputOf(lines), name: 'log.ndjson' })).error).toBeNull();
  const stored = await Array.fromAsync(loader.readObservations({}, context.signal));
  expect(stored.map(({ errorMessage }) => errorMessage)).toEqual([
    'invalid credential [redacted] rid: 1',
    'no [redacted]',
    null,
  ]);
  expect(stored.at(-1)?.decisionNote).toBe('asked with [redacted]');
});
