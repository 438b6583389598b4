import { expect, test } from 'vitest';
import type { Version } from '../../../src/dimension/version.ts';
import { BEGINNING, OPEN_END, parseInstant } from '../../../src/instant.ts';
import { renderHistory } from '../../../src/report/history-table.ts';
import { plainPaint } from '../../../src/report/paint.ts';

const renamedAt = parseInstant('2025-04-01T02:00:00.123Z') ?? OPEN_END;
const version = { appId: 'wx0123456789abcdef', sceneKey: '4', sceneName: '扫一扫二维码' };
const versions = (appId: string) =>
  [
    { ...version, effectiveFrom: BEGINNING, effectiveTo: renamedAt, endReason: 'renamed' },
    { ...version, appId, effectiveFrom: renamedAt, effectiveTo: OPEN_END, endReason: null },
  ] as Version[];

test('on a narrow terminal the account goes before a name is cut', () => {
  expect(renderHistory(versions('wx0123456789abcdef'), { paint: plainPaint, width: 80 })).toBe(
    [
      'scene  name          from                      to                        end',
      '    4  扫一扫二维码  beginning                 2025-04-01T02:00:00.123Z  renamed',
      '    4  扫一扫二维码  2025-04-01T02:00:00.123Z  now',
      '',
    ].join('\n'),
  );
});

test('accounts stay where there are several, and where there is room', () => {
  expect(renderHistory(versions('wx1'), { paint: plainPaint, width: 80 })).toContain('wx1');
  for (const width of [100, undefined]) {
    expect(renderHistory(versions('wx0123456789abcdef'), { paint: plainPaint, width })).toContain(
      'wx0123456789abcdef      4  扫一扫二维码  ',
    );
  }
});
