import { expect, test } from 'vitest';
import { callName, jobId, jobName } from '../../../../../src/load/bigquery/jobs/job-id.ts';

test('as many calls as some shards make in half a year have different names', { timeout: 60_000 }, () => {
  const count = 200_000;
  const ids = Array.from({ length: count }, () => jobId(jobName('read', callName()), 1));
  expect(new Set(ids).size).toBe(count);
  expect(ids[0]).toMatch(/^scenedim_read_[0-9a-f]{32}_a1$/);
});
