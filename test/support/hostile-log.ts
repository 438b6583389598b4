/**
 * Two answers of an account, as `replay` reads them, whose scenes are what tools that read an export get wrong: keys that only
 * a text tells apart, numbers that no double holds, names that look like syntax or formulas, times in microseconds. The second
 * answer renames one scene and drops another.
 */
const scenes: readonly (readonly [value: string, name: string])[] = [
  ['1', '发现栏小程序主入口'],
  ['"01"', 'zero one'],
  ['"001"', 'zero zero one'],
  ['-1', '负一'],
  ['"1.0"', 'a text with a point'],
  ['9007199254740993', '2^53 + 1'],
  ['9223372036854775807', 'the largest int64'],
  ['-9223372036854775808', 'the smallest int64'],
  ['"@_all"', '全部'],
  ['"NA"', 'NaN'],
  ['"null"', 'NULL'],
  ['"True"', 'true'],
  ['"2026-01-01"', '2026-01-01T00:00:00Z'],
  ['"quote"', 'say "yes", it\'s ""fine""'],
  ['"lines"', 'two\r\nlines\tand a tab'],
  ['"emoji"', '👩‍👩‍👧 🇨🇳 𠮷'],
  ['"marks"', 'e\u0301 \u202eright to left\u202c'],
  ['"back"', 'C:\\new\\table \\N %s ${x}'],
  ['"formula"', '=HYPERLINK("http://127.0.0.1/","click")'],
  ['"+formula"', '+1+1'],
  ['"-formula"', '-1+1'],
  ['"@formula"', '@SUM(A1)'],
  ['"long"', '长'.repeat(3_000)],
];

const bodyOf = (rows: typeof scenes): string =>
  `{"scene":[${rows.map(([value, name]) => `{"name":${JSON.stringify(name)},"value":${value}}`).join(',')}]}`;

const lineOf = (observedAt: string, rows: typeof scenes): string =>
  `{"app_id":"wx1","observed_at":"${observedAt}","body":${bodyOf(rows)}}\n`;

const later = scenes
  .filter(([value]) => value !== '"001"')
  .map(([value, name]) => [value, value === '1' ? '主入口' : name] as const);

export const hostileLog: string =
  lineOf('2026-01-02T03:04:05.123456Z', scenes) + lineOf('2026-02-03T04:05:06.000001Z', later);

/** So many versions are in the dimension that it gives. */
export const hostileVersions: number = scenes.length + 1;
