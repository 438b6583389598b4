import { expect, test } from 'vitest';
import { ListedTokens } from '../../../src/extract/credentials/listed-tokens.ts';

test('every account is listed once, with its newest token that is not empty', () => {
  const tokens = new ListedTokens();
  const tokenOf = (n: number) => `refreshtoken@@@${'x'.repeat(n % 300)}令牌${n}`;
  for (let n = 0; n < 2_000; n += 1) tokens.add(`wx${n}`, tokenOf(n));
  tokens.add('wx1', '');
  tokens.add('wx2', 'newer');
  tokens.add('wxnone', '');
  tokens.add('wxlong', 'y'.repeat(70_000));
  expect(Array.from({ length: 2_000 }, (_, n) => tokens.get(`wx${n}`))).toEqual(
    Array.from({ length: 2_000 }, (_, n) => (n === 2 ? 'newer' : tokenOf(n))),
  );
  expect(['wxnone', 'wxlong', 'wxnobody'].map((appId) => tokens.get(appId))).toEqual([null, null, null]);
  expect([tokens.appIds.size, tokens.appIds.has('wxnone'), tokens.appIds.has('wxnobody')]).toEqual([
    2_002,
    true,
    false,
  ]);
});
