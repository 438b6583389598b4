import { expect, test } from 'vitest';
import { Named } from '../../../../src/commands/check/named.ts';

const finding = { level: 'warning', subject: 'freshness', exitCode: 0 } as const;

test.each([
  [0, []],
  [20, []],
  [21, [{ ...finding, message: '… and 1 more account' }]],
  [1_022, [{ ...finding, message: '… and 1,002 more accounts' }]],
])('of %i accounts the first twenty are named, and the others counted', (count, rest) => {
  const accounts = new Named<number>();
  for (let n = 0; n < count; n += 1) accounts.add(n);
  expect(accounts.named).toEqual(Array.from({ length: Math.min(count, 20) }, (_, n) => n));
  expect([accounts.count, accounts.rest(finding)]).toEqual([count, rest]);
});
