import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { createPaint, plainPaint } from '../../../src/report/paint.ts';
import { printable } from '../../../src/report/printable.ts';
import { fitText, renderTable } from '../../../src/report/table.ts';

const columns = [
  { header: 'account', shrinks: true },
  { header: 'n', align: 'right' },
  { header: 'name', shrinks: true },
] as const;

describe('a table', () => {
  test('is aligned, Chinese characters counted twice, without trailing spaces', () => {
    const text = renderTable(
      columns,
      [
        ['wx1', '1', '搜索'],
        ['wx22', '100', 'a'],
      ],
      { paint: plainPaint, indent: '  ' },
    );
    expect(text).toBe(['  account    n  name', '  wx1        1  搜索', '  wx22     100  a', ''].join('\n'));
  });

  test('is cut to the width of the terminal, the widest column first, never in the middle of a character', () => {
    const rows = [['wx0123456789abcdef', '1', '扫一扫二维码扫一扫二维码']];
    for (let width = 17; width < 50; width += 1) {
      for (const line of renderTable(columns, rows, { paint: plainPaint, width }).split('\n')) {
        expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }
    }
    expect(renderTable(columns, rows, { paint: plainPaint, width: 30 })).toBe(
      'account       n  name\nwx012345678…  1  扫一扫二维码…\n',
    );
  });

  test('shows control characters instead of obeying them', () => {
    expect(renderTable([{ header: 'x' }], [['a\u001b[31m\nb']], { paint: plainPaint })).toBe(
      'x\na\\u001b[31m\\u000ab\n',
    );
    expect(printable('a\u202eb\ud800')).toBe('a\\u202eb\ufffd');
  });

  test('cell is padded or cut to a width', () => {
    expect([fitText('ab', 4), fitText('ab', 4, 'right'), fitText('abcdef', 4), fitText('搜索', 3)]).toEqual([
      'ab  ',
      '  ab',
      'abc…',
      '搜…',
    ]);
  });
});

describe('colours', () => {
  const terminal = { isTTY: true, hasColors: () => true };

  test('are for terminals that have them, unless NO_COLOR has a value', () => {
    expect(createPaint(terminal, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(createPaint(terminal, { NO_COLOR: '' })('red', 'x')).toBe('\u001b[31mx\u001b[39m');
    expect(createPaint(terminal, { NO_COLOR: '1' })('red', 'x')).toBe('x');
    expect(createPaint({ isTTY: true, hasColors: () => false }, {})('red', 'x')).toBe('x');
    expect(createPaint({}, {})('red', 'x')).toBe('x');
  });
});
