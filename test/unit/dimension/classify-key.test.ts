import { expect, test } from 'vitest';
import { classifyKey, type KeyClass } from '../../../src/dimension/classify-key.ts';

const text: KeyClass = { valueKind: 'text', sceneValue: null, isAggregate: false };
const sentinel: KeyClass = { valueKind: 'sentinel', sceneValue: null, isAggregate: false };
const numeric = (sceneValue: bigint): KeyClass => ({ valueKind: 'numeric', sceneValue, isAggregate: false });

test.each<[string, KeyClass]>([
  ['0', numeric(0n)],
  ['1', numeric(1n)],
  ['-7', numeric(-7n)],
  ['9223372036854775807', numeric(9223372036854775807n)],
  ['-9223372036854775808', numeric(-9223372036854775808n)],
  ['9223372036854775808', text],
  ['-9223372036854775809', text],
  ['10000000000000000000', text],
  ['9'.repeat(100), text],
  ['-0', text],
  ['01', text],
  ['+1', text],
  ['1.5', text],
  ['1_000', text],
  ['1\n', text],
  ['１', text],
  ['@_all', { ...sentinel, isAggregate: true }],
  ['@_All', sentinel],
  ['@_new', sentinel],
  ['@_', sentinel],
  ['@all', text],
  ['a@_all', text],
])('the key %j is classified', (key, expected) => {
  expect(classifyKey(key)).toEqual(expected);
});
