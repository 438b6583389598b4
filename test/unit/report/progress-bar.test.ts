import { describe, expect, test } from 'vitest';
import type { Logger } from '../../../src/pipeline/run/run-context.ts';
import { createProgressBar, renderBar } from '../../../src/report/progress-bar.ts';
import { createScreen } from '../../../src/report/screen.ts';

function recordingLogger(lines: string[]): Logger {
  const write = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { debug: write, info: write, warn: write, error: write };
}

describe('a progress bar', () => {
  test('shows share, counts and the time that is left', () => {
    expect(renderBar('sync', { done: 1200, total: 4800, unit: 'accounts' }, 60_000, 100)).toBe(
      'sync  ━━━━━━──────────────────  1,200 / 4,800 accounts  3 min left',
    );
    expect(renderBar('replay', { done: 9000, total: null, unit: 'observations' }, 3000, 100)).toBe(
      'replay  9,000 observations  3,000/s',
    );
    expect(renderBar('sync', { done: 0, total: 4, unit: 'accounts' }, 0, 20)).toHaveLength(19);
  });

  test('is rewritten in place, below the log, and gone at the end', () => {
    const written: string[] = [];
    const taken = (): string => written.splice(0).join('');
    const screen = createScreen({ isTTY: true, columns: 100, write: (text) => void written.push(text) });
    let now = 0;
    {
      using bar = createProgressBar({ screen, logger: recordingLogger([]), label: 'sync', now: () => now });
      bar.update({ done: 1, total: 4, unit: 'accounts' });
      expect(taken()).toBe('');
      now = 100;
      bar.update({ done: 2, total: 4, unit: 'accounts' });
      const line = 'sync  ━━━━━━━━━━━━────────────  2 / 4 accounts  100 ms left';
      expect(taken()).toBe(`\r\u001b[2K${line}`);
      screen.write('a log line\n');
      expect(taken()).toBe(`\r\u001b[2Ka log line\n${line}`);
      bar.update({ done: 4, total: 4, unit: 'accounts' });
      expect(taken()).toBe('\r\u001b[2K');
      now = 200;
      bar.update({ done: 3, total: 4, unit: 'accounts' });
      expect(taken()).toMatch(/3 \/ 4 accounts/);
    }
    expect(taken()).toBe('\r\u001b[2K');
  });

  test('is a log line now and then where there is no terminal', () => {
    const lines: string[] = [];
    const screen = createScreen({ write: () => expect.unreachable() });
    let now = 0;
    using bar = createProgressBar({ screen, logger: recordingLogger(lines), label: 'sync', now: () => now });
    for (now = 0; now <= 40_000; now += 1000) bar.update({ done: now, total: null, unit: 'accounts' });
    expect(lines).toEqual([
      'progress {"done":15000,"total":null,"unit":"accounts"}',
      'progress {"done":30000,"total":null,"unit":"accounts"}',
    ]);
  });
});
