import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { shellWord } from '../../src/shell-word.ts';

it.each([
  ['wx0123456789abcdef', 'wx0123456789abcdef'],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$(touch x)', "'$(touch x)'"],
  ['', "''"],
  ['账户', "'账户'"],
  ['a\u202eb', "$'a\\U0000202eb'"],
  ['`;&|<>*?~#!\\"', "'`;&|<>*?~#!\\\"'"],
  ["\u200b\\'", "$'\\U0000200b\\\\\\''"],
])('%s is one word of a shell', (text, word) => {
  expect(shellWord(text)).toBe(word);
  const env = { LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] };
  expect(execFileSync('bash', ['-c', `printf %s ${word}`], { env }).toString()).toBe(text);
});
