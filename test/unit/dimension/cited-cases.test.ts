/** `src/dimension/README.md` says what the cases show: each case stands there, and nothing else does. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readCases } from '../../support/case-file.ts';

test('the semantics name every behaviour case, and no other', () => {
  const text = readFileSync(new URL('../../../src/dimension/README.md', import.meta.url), 'utf8');
  const cited = new Set([...text.matchAll(/\b[A-L]\d\d[a-z]?\b/g)].map(([id]) => id));
  const cases = readCases(new URL('../../cases/scd2-cases.yaml', import.meta.url)).map(({ id }) => id);
  expect(cases.length).toBeGreaterThan(100);
  expect([...cited].sort()).toEqual([...cases].sort());
});
