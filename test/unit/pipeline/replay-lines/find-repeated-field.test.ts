import { describe, expect, it } from 'vitest';
import { parseReplayLine } from '../../../../src/pipeline/replay-lines/replay-line.ts';

const head = '"app_id":"wx1","observed_at":"2026-01-01T00:00:00Z"';

describe('a line that gives a field twice', () => {
  it.each([
    [`{"app_id":"wx2",${head},"body":{"scene":[]}}`, 'app_id'],
    [`{${head},"body":{"scene":[]},"observed_at":"2026-01-02T00:00:00Z"}`, 'observed_at'],
    [`{${head},"status":"ok","body":"{}", "status" : "failed"}`, 'status'],
    [`{${head},"body":{"scene":[]},"body":"{\\"scene\\":[]}"}`, 'body'],
    [`{"\\u0061pp_id":"wx2",${head},"body":{"scene":[]}}`, 'app_id'],
    [`{"note":"{\\"}\\\\",${head},"x":[{"a":["}"]}],"app_id":"wx1","body":{}}`, 'app_id'],
  ])('is refused: %s', (line, name) => {
    expect(() => parseReplayLine(line)).toThrow(
      expect.objectContaining({ code: 'bad_line', message: `${name} is given twice` }),
    );
  });

  it.each([
    `{${head},"body":{"scene":[],"body":1,"app_id":"wx2","app_id":"wx3","status":{"status":1}}}`,
    `{${head},"body":"{\\"app_id\\":1,\\"body\\":2,\\"\\u0061\\":3}"}`,
    `{${head},"note":1,"note":2,"body":{"scene":[]},"more":{"app_id":1,"body":"\\\\"}}`,
    `{"note":"app_id\\"",${head},"body":"body"}`,
  ])('is another than one whose body or unknown fields do: %s', (line) => {
    expect(parseReplayLine(line).appId).toBe('wx1');
  });
});
