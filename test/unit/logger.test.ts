import { describe, expect, test } from 'vitest';
import { createLogger, type LogFormat } from '../../src/logger.ts';

async function logged(format: LogFormat, colors: boolean): Promise<string> {
  const written: string[] = [];
  const redact = (text: string): string => text.replaceAll('hush', '[redacted]');
  const logger = await createLogger({
    level: 'info',
    format,
    colors,
    redact,
    write: (text) => void written.push(text),
  });
  logger.debug({}, 'not this');
  logger.info({ app_id: 'wx1', note: 'hush' }, 'hello hush');
  return written.join('');
}

describe('the log', () => {
  test('as JSON is one object a line, without process noise and without secrets', async () => {
    const line = await logged('json', false);
    expect(line.endsWith('\n')).toBe(true);
    const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT.+Z$/);
    expect(rest).toEqual({ level: 'info', app_id: 'wx1', note: '[redacted]', msg: 'hello [redacted]' });
  });

  test('for people is short, without secrets, coloured only when asked', async () => {
    expect(await logged('pretty', false)).toMatch(
      /^\[\d\d:\d\d:\d\d\] INFO: hello \[redacted\] \{"app_id":"wx1","note":"\[redacted\]"\}\n$/,
    );
    expect(await logged('pretty', true)).toContain('\u001b[');
  });
});
