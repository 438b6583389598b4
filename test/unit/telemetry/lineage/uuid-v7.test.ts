import { expect, test } from 'vitest';
import { uuidV7 } from '../../../../src/telemetry/lineage/uuid-v7.ts';

test('a UUID of version 7 begins with its time and is never the same', () => {
  // The time of the example in RFC 9562, appendix A.6.
  const time = 1_645_557_742_000_000n;
  expect(uuidV7(time)).toMatch(/^017f22e2-79b0-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  expect(new Set(Array.from({ length: 100 }, () => uuidV7(time))).size).toBe(100);
});
