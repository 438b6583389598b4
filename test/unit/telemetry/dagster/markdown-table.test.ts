import { expect, test } from 'vitest';
import { MarkdownTable } from '../../../../src/telemetry/dagster/markdown-table.ts';

test('a table shows fifty rows, and of a cell two hundred characters', () => {
  const table = new MarkdownTable((text) => text, 'a');
  for (let row = 0; row < 1234; row += 1) table.add(row === 0 ? '扫'.repeat(8192) : 'x');
  const lines = table.render().split('\n');
  expect([lines.length, lines.at(-1), lines[2]]).toEqual([54, '… and 1,184 more', `| ${'扫'.repeat(200)}… |`]);
});
