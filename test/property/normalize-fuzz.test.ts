import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { saysTheSame } from '../../src/dimension/compare-snapshots.ts';
import { canonicalKey } from '../../src/normalize/canonical-key.ts';
import { canonicalText } from '../../src/normalize/canonical-text.ts';
import { normalizeBody, normalizeText } from '../../src/normalize/normalize-body.ts';
import { type NormalizedAnswer, rejectReasons } from '../../src/normalize/snapshot.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.info(`normalize-fuzz: FUZZ_SEED=${seed}`);
fc.configureGlobal({ seed, numRuns: 500 });

const MIB = 1024 * 1024;

/** Everything that holds for any answer, whatever the body was. */
function assertWellFormed(answer: NormalizedAnswer): void {
  if (answer.kind === 'failure') {
    expect(answer.code).toMatch(/^(?:invalid_json|malformed_response|-?[1-9][0-9]{0,99})$/);
    expect(answer.message).not.toBe('');
    expect([...answer.message].length).toBeLessThanOrEqual(1000);
    expect(answer.message.isWellFormed() && !answer.message.includes('\0')).toBe(true);
    return;
  }
  for (const [key, name] of answer.present) {
    expect(canonicalKey(key)).toBe(key);
    expect(canonicalText(name)).toBe(name);
    expect(name).not.toBe('');
    expect(answer.unknown.has(key)).toBe(false);
  }
  for (const key of answer.unknown) expect(canonicalKey(key)).toBe(key);
  let previous = -1;
  for (const { index, reason, raw } of answer.rejects) {
    expect(index).toBeGreaterThan(previous);
    previous = index;
    expect(rejectReasons).toContain(reason);
    expect(raw.isWellFormed() && !raw.includes('\0')).toBe(true);
    expect(() => JSON.parse(raw)).not.toThrow();
  }
  const keyless = answer.rejects.some(({ reason }) => reason === 'no_key' || reason === 'not_an_object');
  expect(answer.absencesUnknown).toBe(keyless);
  expect(answer.rejects.length > 0).toBe(keyless || answer.unknown.size > 0);
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...' \t\u0085\u001b\u007f\u200b\ufeff\0\ud800\u0301\u0323e搜1'.split('')) }),
);
const digits = fc.string({ unit: fc.constantFrom('0', '1', '9'), minLength: 1, maxLength: 120 });
const numberLiteral = fc
  .record({
    sign: fc.constantFrom('', '-'),
    integer: digits.map((text) => text.replace(/^0+(?=.)/, '')),
    fraction: fc.option(digits, { nil: undefined }),
    exponent: fc.option(
      fc.oneof(fc.integer({ min: -130, max: 130 }), fc.constantFrom('999999999', '-999999999', '+05')),
      {
        nil: undefined,
      },
    ),
  })
  .map(({ sign, integer, fraction, exponent }) => {
    return (
      sign + integer + (fraction === undefined ? '' : `.${fraction}`) + (exponent === undefined ? '' : `e${exponent}`)
    );
  });
const literal = fc.oneof(
  fc.json({ depthSize: 'small' }),
  anyText.map((text) => JSON.stringify(text)),
  numberLiteral,
  fc.constantFrom('0', '1', '"1"', '1.0', '" 1"', '2', '"@_all"', '""', 'null', '-0', '1e999999999', '[]', '{}'),
  fc.constantFrom(
    '1e400',
    '9007199254740993',
    '9007199254740992',
    '0.1e1',
    '1e+21',
    '"\\u0031"',
    `1${'0'.repeat(100)}`,
  ),
);
const nameLiteral = fc.oneof(literal, fc.constantFrom('"A"', '"A "', '"B"'));
const row = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(literal, nameLiteral).map(([value, name]) => `{"name":${name},"value":${value}}`) },
  { weight: 1, arbitrary: literal },
  { weight: 1, arbitrary: fc.constantFrom('{}', '{"value":1}', '{"name":"A"}', '{"value":1,"value":2,"name":"A"}') },
);
const rows = fc.array(row, { maxLength: 8 });
const envelope = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('', '"errcode":0,'),
      literal.map((code) => `"errcode":${code},`),
    ),
    literal,
    rows,
  )
  .map(([errcode, errmsg, list]) => `{${errcode}"errmsg":${errmsg},"scene":[${list.join(',')}]}`);

describe('any body', () => {
  test('of arbitrary bytes gives a snapshot or a typed failure', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => assertWellFormed(normalizeBody(bytes))));
  });

  test('of arbitrary JSON gives a snapshot or a typed failure', () => {
    fc.assert(fc.property(fc.json(), (text) => assertWellFormed(normalizeText(text))));
  });

  test('in the shape of an answer with arbitrary values gives a snapshot or a typed failure', () => {
    fc.assert(
      fc.property(envelope, (text) => assertWellFormed(normalizeText(text))),
      { numRuns: 2000 },
    );
  });

  test('that was good before bytes of it were changed gives a snapshot or a typed failure', () => {
    const mutation = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat({ max: 5 }));
    fc.assert(
      fc.property(envelope, fc.array(mutation, { minLength: 1, maxLength: 6 }), (text, mutations) => {
        let bytes = [...new TextEncoder().encode(text)];
        for (const [at, byte, removed] of mutations) bytes = bytes.toSpliced(at % bytes.length || 0, removed, byte);
        assertWellFormed(normalizeBody(Uint8Array.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the rows of an answer', () => {
  const facts = (list: readonly string[]): NormalizedAnswer =>
    normalizeText(`{"errcode":0,"scene":[${list.join(',')}]}`);

  test('say the same in any order, and as many are rejected', () => {
    const shuffled = rows.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const [a, b] = [facts(list), facts(other)];
        expect(saysTheSame(a, b)).toBe(true);
        if (a.kind !== 'snapshot' || b.kind !== 'snapshot') throw new TypeError('a list of rows is a snapshot');
        expect(a.rejects.map(({ raw }) => raw).sort()).toEqual(b.rejects.map(({ raw }) => raw).sort());
      }),
      { numRuns: 2000 },
    );
  });

  test('say the same whether or not the numbers of the body have to be kept as written', () => {
    fc.assert(
      fc.property(rows, (list) => {
        const text = list.join(',');
        const plain = normalizeText(`{"scene":[${text}]}`);
        expect(normalizeText(`{"total":1.5,"scene":[${text}]}`)).toEqual(plain);
      }),
    );
  });

  test('say the same when they are said twice', () => {
    fc.assert(fc.property(rows, (list) => saysTheSame(facts(list), facts([...list, ...list]))));
  });
});

/** A second reading of the rules for texts and numbers: slow, with BigInt and one code point at a time. */
const reference = {
  text(text: string): string {
    let cleaned = '';
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
      if (isControl) cleaned += '\0';
      else cleaned += code >= 0xd800 && code <= 0xdfff ? '\ufffd' : character;
    }
    return cleaned
      .split(/\0+/)
      .join(' ')
      .normalize('NFC')
      .replace(/^[\p{White_Space}\u200b\ufeff]+/u, '')
      .replace(/[\p{White_Space}\u200b\ufeff]+$/u, '');
  },

  /** The exact decimal text, undefined when that has more than 100 digits. */
  number(literal: string): string | undefined {
    const [, sign = '', integer = '', fraction = '', exponent = '0'] =
      /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
    let digits = BigInt(integer + fraction);
    if (digits === 0n) return '0';
    let scale = Number(exponent) - fraction.length;
    for (; digits % 10n === 0n; digits /= 10n) scale += 1;
    if (Math.abs(scale) > 400) return undefined;
    if (scale >= 0) digits *= 10n ** BigInt(scale);
    const text = String(digits).padStart(scale < 0 ? 1 - scale : 1, '0');
    if (text.length > 100) return undefined;
    return sign + (scale < 0 ? `${text.slice(0, scale)}.${text.slice(scale)}` : text);
  },
};

describe('one row', () => {
  const read = (value: string, name: string): NormalizedAnswer =>
    normalizeText(`{"scene":[{"value":${value},"name":${name}}]}`);
  const clean = (key: string, name: string): NormalizedAnswer => ({
    kind: 'snapshot',
    present: new Map([[key, name]]),
    unknown: new Set(),
    absencesUnknown: false,
    rejects: [],
  });
  const controls = fc.string({
    unit: fc.constantFrom('\0', '\u001b', '\t', '\r', '\n', '\u007f', '\u0085'),
    maxLength: 3,
  });
  const around = fc.tuple(controls, anyText, controls, anyText, controls).map((parts) => parts.join(''));

  test('has the name that a second reading of the rules gives', () => {
    fc.assert(
      fc.property(around, (name) => {
        const answer = read('1', JSON.stringify(name));
        const expected = reference.text(name);
        if (expected !== '') expect(answer).toEqual(clean('1', expected));
        else expect(answer).toMatchObject({ unknown: new Set(['1']), rejects: [{ index: 0, reason: 'no_name' }] });
      }),
      { numRuns: 3000 },
    );
  });

  test('has the key that a second reading of the rules gives to a text', () => {
    fc.assert(
      fc.property(around, (value) => {
        const key = reference.text(value);
        if (key !== '') expect(read(JSON.stringify(value), '"A"')).toEqual(clean(key, 'A'));
        else expect(read(JSON.stringify(value), '"A"')).toMatchObject({ rejects: [{ reason: 'no_key' }] });
      }),
      { numRuns: 3000 },
    );
  });

  test('has the key that a second reading of the rules gives to a number', () => {
    fc.assert(
      fc.property(numberLiteral, (literal) => {
        const key = reference.number(literal);
        const raw = `{"value":${literal},"name":"A"}`;
        if (key !== undefined) expect(read(literal, '"A"')).toEqual(clean(key, 'A'));
        else
          expect(read(literal, '"A"')).toMatchObject({ absencesUnknown: true, rejects: [{ reason: 'no_key', raw }] });
      }),
      { numRuns: 3000 },
    );
  });

  test('has a name up to 8,192 code points as received', () => {
    const unit = fc.constantFrom('n', '搜', '🚀', 'e\u0301', '\u0301\u0323', ' ', '\u0007');
    fc.assert(
      fc.property(unit, fc.integer({ min: 8186, max: 8198 }), (text, length) => {
        const name = [...`x${text.repeat(length)}`].slice(0, length).join('');
        const answer = read('1', JSON.stringify(name));
        if (length <= 8192) expect(answer).toEqual(clean('1', reference.text(name)));
        else expect(answer).toMatchObject({ unknown: new Set(['1']), rejects: [{ reason: 'no_name' }] });
      }),
      { numRuns: 100 },
    );
  });

  test('that is rejected is written with its numbers as they were', () => {
    const value = fc.array(numberLiteral, { maxLength: 6 }).map((list) => `[${list.join(',')}]`);
    fc.assert(
      fc.property(value, (list) => {
        const raw = `{"value":${list},"name":"1.0"}`;
        expect(normalizeText(`{"scene":[ {"value": ${list.replaceAll(',', ' ,\t')}, "name" : "1.0"} ]}`)).toMatchObject(
          {
            rejects: [{ index: 0, reason: 'no_key', raw }],
          },
        );
      }),
    );
  });
});

describe('a canonical form', () => {
  test('of a text is its own canonical form', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const once = canonicalText(text);
        expect(canonicalText(once)).toBe(once);
        expect(once).toBe(once.normalize('NFC'));
      }),
      { numRuns: 5000 },
    );
  });

  test('of a number is the same number, and the key of its own text', () => {
    const key = (text: string): string | undefined => {
      const answer = normalizeText(`{"scene":[{"name":"A","value":${text}}]}`);
      return answer.kind === 'snapshot' ? [...answer.present.keys()][0] : undefined;
    };
    fc.assert(
      fc.property(numberLiteral, (text) => {
        const canonical = key(text);
        if (canonical === undefined) return;
        expect(canonical).toMatch(/^(?:0|-?(?:0\.[0-9]*[1-9]|[1-9][0-9]*(?:\.[0-9]*[1-9])?))$/);
        expect(Number(canonical)).toBe(Number(text) + 0);
        expect(key(canonical)).toBe(canonical);
        expect(key(`"${canonical}"`)).toBe(canonical);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a body of a MiB', () => {
  const scene = (list: string): string => `{"errcode":0,"scene":[${list}]}`;
  const fill = (text: string, bytes = MIB): string => text.repeat(Math.floor(bytes / Buffer.byteLength(text)));
  const named = (value: string): string => scene(`{"name":"A","value":${value}}`);

  test.each<[string, string, string]>([
    ['quotes', fill('"'), 'invalid_json'],
    ['escaped quotes', fill('\\"'), 'invalid_json'],
    ['escaped quotes in a string that does not end', `{"scene":"\n${fill('\\"')}`, 'invalid_json'],
    ['backslashes', `{"a":"${fill('\\')}`, 'invalid_json'],
    ['open brackets', fill('['), 'invalid_json'],
    ['open braces', fill('{"a":'), 'invalid_json'],
    ['brackets that close again', fill('[', MIB / 2) + fill(']', MIB / 2), 'malformed_response'],
    ['brackets in a row', scene(`${fill('[', MIB / 2)}${fill(']', MIB / 2)}`), 'invalid_json'],
    ['brackets in a row beside a fraction', scene(`1.5,${fill('[', MIB / 2)}${fill(']', MIB / 2)}`), 'invalid_json'],
    ['brackets beside the rows', `{"a":${fill('[', MIB / 2)}${fill(']', MIB / 2)},${named('1').slice(1)}`, 'present 1'],
    [
      'brackets beside the rows and a fraction',
      `{"a":${fill('[', MIB / 2)}${fill(']', MIB / 2)},${named('1.0').slice(1)}`,
      'invalid_json',
    ],
    ['minus signs', fill('-'), 'invalid_json'],
    ['NUL', fill('\0'), 'invalid_json'],
    ['spaces', fill(' '), 'invalid_json'],
    ['spaces inside a name', scene(`{"value":1,"name":"a${fill(' ')}b"}`), 'rejects 1'],
    ['spaces as a name', scene(`{"value":1,"name":"${fill(' ')}"}`), 'rejects 1'],
    ['raw control characters as a name', scene(`{"value":1,"name":"${fill('\n')}"}`), 'rejects 1'],
    ['marks in no order', scene(`{"value":1,"name":"a${fill('\u0301\u0323')}"}`), 'rejects 1'],
    ['marks as a key', named(`"${fill('\u0301', MIB / 2)}${fill('\u0323', MIB / 2)}"`), 'rejects 1'],
    ['half surrogate pairs', scene(`{"value":1,"name":"${fill('\\ud800')}"}`), 'rejects 1'],
    ['digits', named(fill('1')), 'rejects 1'],
    ['zeros', named(`1.${fill('0')}`), 'present 1'],
    ['zeros before a digit', named(`1.${fill('0')}1`), 'rejects 1'],
    ['digits of an exponent', named(`1e${fill('9')}`), 'rejects 1'],
    ['digits of a negative exponent', named(`1e-${fill('9')}`), 'rejects 1'],
    ['a huge exponent', named('1e999999999'), 'rejects 1'],
    ['a tiny exponent', named('1e-999999999'), 'rejects 1'],
    ['digits of an error code', `{"errcode":${fill('1')}}`, 'malformed_response'],
    ['digits of an error code as a text', `{"errcode":"${fill('1')}"}`, 'malformed_response'],
    ['text of an error', `{"errcode":1,"errmsg":"${fill('搜')}"}`, '1'],
    ['rows that are no objects', scene(`1.5,${fill('0,', MIB)}0`), `rejects ${MIB / 2 + 2}`],
    [
      'rows of one key with names of their own',
      scene(Array.from({ length: 40_000 }, (_, i) => `{"value":1,"name":"${i}"}`).join()),
      'rejects 40000',
    ],
    [
      'members',
      `{${Array.from({ length: 80_000 }, (_, i) => `"k${i}":1`).join()},${scene('null').slice(1)}`,
      'rejects 1',
    ],
  ])('of %s is answered', (_, text, expected) => {
    const answer = normalizeBody(new TextEncoder().encode(text));
    if (answer.kind === 'failure') expect(answer.code).toBe(expected);
    else
      expect(
        `${answer.rejects.length > 0 ? `rejects ${answer.rejects.length}` : `present ${answer.present.size}`}`,
      ).toBe(expected);
  });
});
