import { describe, expect, test } from 'vitest';
import { normalizeBody } from '../../../src/normalize/normalize-body.ts';
import type { NormalizedAnswer, RejectedRow, Snapshot } from '../../../src/normalize/snapshot.ts';

function normalize(text: string): NormalizedAnswer {
  return normalizeBody(new TextEncoder().encode(text));
}

/** Normalizes the rows as they are written, in an answer that reports success. */
function normalizeRows(...rows: string[]): NormalizedAnswer {
  return normalize(`{"errcode":0,"errmsg":"ok","scene":[${rows.join(',')}]}`);
}

interface Facts {
  readonly present?: Record<string, string>;
  readonly unknown?: readonly string[];
  readonly absencesUnknown?: boolean;
  readonly rejects?: readonly RejectedRow[];
}

function snapshot({ present = {}, unknown = [], absencesUnknown = false, rejects = [] }: Facts): Snapshot {
  return {
    kind: 'snapshot',
    present: new Map(Object.entries(present)),
    unknown: new Set(unknown),
    absencesUnknown,
    rejects,
  };
}

const row = (value: string, name = '"A"'): string => `{"name":${name},"value":${value}}`;

describe('a key', () => {
  test.each([
    ['1', '1'],
    ['1.0', '1'],
    ['1e0', '1'],
    ['10E-1', '1'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['1e2', '100'],
    ['-7', '-7'],
    ['1.50', '1.5'],
    ['-0.25', '-0.25'],
    ['1.00000000000000000001', '1.00000000000000000001'],
    ['9007199254740993', '9007199254740993'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
    ['1e99', `1${'0'.repeat(99)}`],
    ['1e-99', `0.${'0'.repeat(98)}1`],
    ['"1"', '1'],
    ['"01"', '01'],
    ['"-0"', '-0'],
    ['"1.0"', '1.0'],
    ['"@_all"', '@_all'],
    ['"@_All"', '@_All'],
    ['" \\t@_all\\u0085\\u200b"', '@_all'],
    ['"e\\u0301"', 'é'],
    ['"a\\u0000\\u001b\\u0085b\\ud800"', 'a b\ufffd'],
    ['"\\u0031"', '1'],
    ['"\\u0000@_all\\u001b"', '@_all'],
    ['0.1e1', '1'],
    ['9007199254740992', '9007199254740992'],
    ['1e21', '1000000000000000000000'],
    ['1e+21', '1000000000000000000000'],
    [`"${' '.repeat(9000)}1"`, '1'],
    [`"${'e\u0301'.repeat(256)}"`, 'é'.repeat(256)],
    ['"__proto__"', '__proto__'],
    [`"${'k'.repeat(256)}"`, 'k'.repeat(256)],
    [`"  ${'🚀'.repeat(256)}  "`, '🚀'.repeat(256)],
  ])('%s is %s', (value, key) => {
    const expected = { ...snapshot({}), present: new Map([[key, 'A']]) };
    expect(normalizeRows(row(value))).toEqual(expected);
    // The same in a body whose numbers must be kept as written.
    expect(normalizeRows(row(value), row('0.125', '"eighth"'))).toEqual({
      ...expected,
      present: new Map([
        [key, 'A'],
        ['0.125', 'eighth'],
      ]),
    });
  });

  test.each([
    ['null'],
    ['true'],
    ['{}'],
    ['[1]'],
    ['""'],
    ['" \u3000\ufeff"'],
    ['1e100'],
    ['1e-100'],
    ['1e999999999'],
    ['1e-999999999'],
    [`1${'0'.repeat(100)}`],
    [`0.${'1'.repeat(100)}`],
    [`"${'k'.repeat(257)}"`],
    [`"${'🚀'.repeat(257)}"`],
  ])('%s is none, so nothing counts as absent', (value) => {
    expect(normalizeRows(row(value), row('2', '"B"'))).toEqual(
      snapshot({
        present: { 2: 'B' },
        absencesUnknown: true,
        rejects: [{ index: 0, reason: 'no_key', raw: row(value) }],
      }),
    );
  });

  test('that is missing makes absences unknown', () => {
    expect(normalizeRows('{"name":"A"}')).toEqual(
      snapshot({ absencesUnknown: true, rejects: [{ index: 0, reason: 'no_key', raw: '{"name":"A"}' }] }),
    );
  });

  test.each(['null', '5', '1.5', '"A"', '[]', 'false', '-0'])('cannot be in the row %s, which is no object', (raw) => {
    expect(normalizeRows(row('2', '"B"'), raw)).toEqual(
      snapshot({ present: { 2: 'B' }, absencesUnknown: true, rejects: [{ index: 1, reason: 'not_an_object', raw }] }),
    );
  });
});

describe('a name', () => {
  test.each([
    ['"搜索"', '搜索'],
    ['"  搜索\\t\\n"', '搜索'],
    ['"\\u200b会话\\ufeff"', '会话'],
    ['"\\u0085\\u00a0\\u1680\\u2003\\u2028\\u2029\\u202f\\u205f\\u3000x\\u0085"', 'x'],
    ['"连 wifi 成功页"', '连 wifi 成功页'],
    ['"a\\u200bb"', 'a\u200bb'],
    ['"\\u180ex"', '\u180ex'],
    ['"a\\u0000b"', 'a b'],
    ['"\\u0000a\\u001b[1mb\\u007f\\u009f"', 'a [1mb'],
    ['"two\\r\\nlines"', 'two lines'],
    ['"a \\t b"', 'a   b'],
    [`"${'n'.repeat(8192)}"`, 'n'.repeat(8192)],
    [`"${'🚀'.repeat(8192)}"`, '🚀'.repeat(8192)],
    [`"${'e\u0301'.repeat(4096)}"`, 'é'.repeat(4096)],
    ['"half \\ud83d"', 'half \ufffd'],
    ['"whole \\ud83d\\ude80"', 'whole 🚀'],
    ['"e\\u0301"', 'é'],
    ['"\\u212b"', 'Å'],
    ['"\\\\N"', '\\N'],
    ['"NULL"', 'NULL'],
    ['"it\'s \\"quoted\\""', 'it\'s "quoted"'],
  ])('%s is kept as %s', (name, expected) => {
    expect(normalizeRows(row('1', name))).toEqual(snapshot({ present: { 1: expected } }));
  });

  test.each(['null', '5', '1.5', 'true', '{"zh":"三"}', '["四"]', '""', '"  "', '"\u200b\ufeff"', '"\\u0000\\u001b"'])(
    '%s is none, so its key is unknown',
    (name) => {
      expect(normalizeRows(row('1', name), row('2', '"B"'))).toEqual(
        snapshot({
          present: { 2: 'B' },
          unknown: ['1'],
          rejects: [{ index: 0, reason: 'no_name', raw: row('1', name) }],
        }),
      );
    },
  );

  test.each([
    ['letters', 'n'.repeat(8193)],
    ['astral characters', '🚀'.repeat(8193)],
    ['characters that NFC composes to 4,097', `${'e\u0301'.repeat(4096)}n`],
    ['spaces that are trimmed', `n${' '.repeat(8192)}`],
  ])('of more than 8,192 code points as received is none: %s', (_, name) => {
    const written = row('1', JSON.stringify(name));
    expect(normalizeRows(written)).toEqual(
      snapshot({ unknown: ['1'], rejects: [{ index: 0, reason: 'no_name', raw: written }] }),
    );
  });

  test('that is missing makes its key unknown', () => {
    expect(normalizeRows('{"value":1}')).toEqual(
      snapshot({ unknown: ['1'], rejects: [{ index: 0, reason: 'no_name', raw: '{"value":1}' }] }),
    );
  });
});

describe('a key that is listed more than once', () => {
  test('with one canonical name is one row', () => {
    expect(normalizeRows(row('1'), row('"1"', '" A"'), row('" 1 "', '"A "'), row('1.0'))).toEqual(
      snapshot({ present: { 1: 'A' } }),
    );
  });

  test('with different names is in conflict: all its rows are rejected', () => {
    expect(normalizeRows(row('1'), row('3', '"C"'), row('"1"', '"B"'), row('1'))).toEqual(
      snapshot({
        present: { 3: 'C' },
        unknown: ['1'],
        rejects: [
          { index: 0, reason: 'conflict', raw: row('1') },
          { index: 2, reason: 'conflict', raw: row('"1"', '"B"') },
          { index: 3, reason: 'conflict', raw: row('1') },
        ],
      }),
    );
  });

  test('and once without a name is unknown: only the rows without a name are rejected', () => {
    expect(normalizeRows(row('1'), row('1', 'null'), row('2', '"B"'))).toEqual(
      snapshot({
        present: { 2: 'B' },
        unknown: ['1'],
        rejects: [{ index: 1, reason: 'no_name', raw: row('1', 'null') }],
      }),
    );
  });

  test('with different names and once without is in conflict, every row with its own reason', () => {
    expect(normalizeRows(row('1', '""'), row('1'), row('1', '"B"'))).toEqual(
      snapshot({
        unknown: ['1'],
        rejects: [
          { index: 0, reason: 'no_name', raw: row('1', '""') },
          { index: 1, reason: 'conflict', raw: row('1') },
          { index: 2, reason: 'conflict', raw: row('1', '"B"') },
        ],
      }),
    );
  });
});

describe('a rejected row', () => {
  test('is kept as compact JSON with number literals as they were written', () => {
    const written =
      '{ "value" : [ 1.50 , -0 ,1E+2 ] ,\n "b":1, "b":12345678901234567890,"c":"\\u0041\\/\u0007\\ud800é"}';
    expect(normalizeRows(row('2', '"B"'), written)).toEqual(
      snapshot({
        present: { 2: 'B' },
        absencesUnknown: true,
        rejects: [
          {
            index: 1,
            reason: 'no_key',
            raw: '{"value":[1.50,-0,1E+2],"b":12345678901234567890,"c":"A/\\u0007\\ud800é"}',
          },
        ],
      }),
    );
  });

  test('is found in the scene list that counts, the last', () => {
    expect(normalize('{"scene":[{"name":"x"}], "a":{"scene":[7]}, "\\u0073cene" : [ null ] }')).toEqual(
      snapshot({ absencesUnknown: true, rejects: [{ index: 0, reason: 'not_an_object', raw: 'null' }] }),
    );
  });
});
