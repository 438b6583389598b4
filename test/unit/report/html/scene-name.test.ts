import { expect, test } from 'vitest';
import { glance, nameMarkup } from '../../../../src/report/html/scene-name.ts';

test.each([
  ['扫一扫', '<bdi lang="zh">扫一扫</bdi>'],
  ['<b>', '<bdi lang="zh">&lt;b&gt;</bdi>'],
  ['长'.repeat(24), `<bdi lang="zh">${'长'.repeat(24)}</bdi>`],
  ['😀'.repeat(24), `<bdi lang="zh">${'😀'.repeat(24)}</bdi>`],
  ['长'.repeat(25), `<bdi lang="zh" class="long" title="${'长'.repeat(25)}">${'长'.repeat(25)}</bdi>`],
  ['家👨‍👩‍👧', '<bdi lang="zh">家👨‍👩‍👧</bdi>'],
  ['\u202e反\u200b反', '<bdi lang="zh">\u202e反\u200b反</bdi> <span class="note">invisible: U+202E U+200B</span>'],
  ['a\u200db', '<bdi lang="zh">a\u200db</bdi> <span class="note">invisible: U+200D</span>'],
])('%j is shown whole, with what nobody sees of it', (name, markup) => {
  expect(nameMarkup(name).text).toBe(markup);
});

test('at a glance one sees 64 characters', () => {
  expect(glance('长'.repeat(64))).toBe('长'.repeat(64));
  expect(glance('😀'.repeat(8192))).toBe(`${'😀'.repeat(64)}…`);
});
