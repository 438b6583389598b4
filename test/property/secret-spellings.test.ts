/** A secret is found whatever spelling each of its characters has, wherever it stands. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeBody } from '../../src/normalize/normalize-body.ts';
import { createRedactor } from '../../src/secrets/redact.ts';
import { searchedTexts } from '../../src/secrets/searched-text.ts';

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');
const units = (it: string, spell: (code: number) => string) =>
  Array.from({ length: it.length }, (_, at) => spell(it.charCodeAt(at))).join('');
const utf8 = (character: string) => [...Buffer.from(character)];

/** Spellings of one character; of the first half, those that JSON knows itself. */
const jsonSpellings: readonly ((character: string) => string)[] = [
  (it) => JSON.stringify(it).slice(1, -1),
  (it) => units(it, (code) => `\\u${hex(code, 4)}`),
  (it) => units(it, (code) => `\\u${hex(code, 4).toUpperCase()}`),
  (it) => (it === '/' ? '\\/' : JSON.stringify(it).slice(1, -1)),
];
const otherSpellings: readonly ((character: string) => string)[] = [
  (it) => utf8(it).reduce((text, byte) => `${text}%${hex(byte, 2)}`, ''),
  (it) => utf8(it).reduce((text, byte) => `${text}%${hex(byte, 2).toUpperCase()}`, ''),
  (it) => `&#${it.codePointAt(0)};`,
  (it) => `&#x${hex(it.codePointAt(0) ?? 0, 1)};`,
  (it) => `&#X${hex(it.codePointAt(0) ?? 0, 6).toUpperCase()};`,
  (it) => units(it, (code) => `\\\\u${hex(code, 4)}`),
  (it) => `\\\\u{${hex(it.codePointAt(0) ?? 0, 1)}}`,
  (it) => utf8(it).reduce((text, byte) => `${text}\\\\x${hex(byte, 2)}`, ''),
  (it) => `&amp;#${it.codePointAt(0)};`,
  (it) => utf8(it).reduce((text, byte) => `${text}%25${hex(byte, 2)}`, ''),
  (it) => (it === 'K' ? '\u212a' : JSON.stringify(it).slice(1, -1)),
];
const wholeSpellings: readonly ((secret: string) => string)[] = [
  (it) => Buffer.from(it).toString('hex'),
  (it) => Buffer.from(it).toString('hex').toUpperCase(),
  (it) => (Buffer.from(it).toString('hex').match(/../g) ?? []).join(':'),
  (it) => (Buffer.from(it).toString('hex').match(/../g) ?? []).map((pair) => `0x${pair}`).join(', '),
  (it) => Buffer.from(it).toString('base64'),
  (it) => Buffer.from(`Bearer ${it}`).toString('base64url'),
  (it) => encodeURIComponent(Buffer.from(it).toString('base64')),
  (it) =>
    (
      Buffer.from(it)
        .toString('base64')
        .match(/.{1,20}/g) ?? []
    ).join('\\n'),
];

/** What may be done to a whole text of ASCII, and once more to what comes of it. */
const encoders: readonly ((text: string) => string)[] = [
  (it) => Buffer.from(it).toString('base64'),
  (it) => Buffer.from(`{"t":"${it}"}`).toString('base64url'),
  (it) => Buffer.from(it, 'utf16le').toString('base64'),
  (it) => Buffer.from(it, 'utf16le').swap16().toString('base64'),
  (it) => Buffer.from(it).toString('hex'),
  (it) =>
    utf8(it)
      .map((byte, at) => (at % 2 === 0 ? hex(byte, 2) : hex(byte, 2).toUpperCase()))
      .join(' '),
  (it) =>
    utf8(it)
      .map((byte) => `0x${hex(byte, 2)}`)
      .join(','),
  (it) => utf8(it).join(','),
  (it) => utf8(it).join(' '),
  (it) => JSON.stringify(utf8(it), null, 2),
  (it) => encodeURIComponent(it),
  (it) => [...it].map((character) => `&#${character.charCodeAt(0)};`).join(''),
  (it) =>
    utf8(it)
      .map((byte) => `=${hex(byte, 2)}`)
      .join(''),
  (it) => [...it].join('\0'),
  (it) => lines(Buffer.from(it).toString('base64')).join('\r\n'),
  (it) => lines(Buffer.from(it).toString('hex')).join('\n'),
];

const lines = (text: string) => text.match(/.{1,20}/g) ?? [];
const fullWidth = (text: string) =>
  text.replaceAll(/[\w.=+/-]/g, (it) => String.fromCharCode(it.charCodeAt(0) + 0xfee0));

const secrets = fc.oneof(
  fc.stringMatching(/^[\w-]{8,80}$/),
  fc.stringMatching(/^[\w+/=.~&%#-]{8,40}$/),
  fc.string({ unit: 'grapheme', minLength: 8, maxLength: 20 }).filter((it) => it.isWellFormed()),
);

/** A secret as it stands inside a JSON string, each character in a spelling of its own. */
function spelled(spellings: readonly ((character: string) => string)[]) {
  return fc
    .tuple(secrets, fc.array(fc.nat(spellings.length - 1), { minLength: 1, maxLength: 90 }))
    .map(([secret, picks]) => ({
      secret,
      text: [...secret].map((it, at) => spellings[picks[at % picks.length] ?? 0]?.(it) ?? it).join(''),
    }));
}

const cases = fc.oneof(
  spelled(jsonSpellings),
  spelled([...jsonSpellings, ...otherSpellings]),
  fc.tuple(secrets, fc.constantFrom(...wholeSpellings)).map(([secret, spell]) => ({ secret, text: spell(secret) })),
);

const places = fc.constantFrom(
  (text: string) => `{"scene":[{"name":"${text}","value":1}]}`,
  (text: string) => `{"scene":[{"name":"来源 ${text}!","value":1}]}`,
  (text: string) => `{"scene":[{"name":"a","value":"${text}"}]}`,
  (text: string) => `{"scene":[{"name":7,"value":1,"${text}":true}]}`,
  (text: string) => `{"scene":[],"errmsg":"see ?access_token=${text}&x=1"}`,
);

describe('a secret', () => {
  it('is found in a text that was encoded several times over', () => {
    const token = fc.stringMatching(/^[\w-]{16,60}$/);
    const chain = fc
      .tuple(
        fc.array(fc.constantFrom(...encoders), { maxLength: 4 }),
        fc.constantFrom(fullWidth, (it: string) => it),
      )
      .map(([inner, outer]) => [...inner, outer]);
    fc.assert(
      fc.property(token, chain, fc.constantFrom('', 'x', 'ab', ' '), (secret, chained, beside) => {
        const redactor = createRedactor();
        redactor.register(secret);
        const encoded = chained.reduce((text, encode) => encode(text), secret);
        expect(redactor.holdsSecret(Buffer.from(JSON.stringify({ name: beside + encoded })))).toBe(true);
        const once = redactor.redact(`see: ${encoded}`);
        expect(once).toContain('[redacted]');
        expect(redactor.holdsSecret(Buffer.from(once))).toBe(false);
        expect(redactor.redact(once)).toBe(once);
      }),
      { numRuns: 1_000 },
    );
  });

  it('of another account is found by how it begins, when that account was read before', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{16,60}$/), fc.constantFrom(...encoders, fullWidth), (secret, encode) => {
        const redactor = createRedactor();
        redactor.register(secret)[Symbol.dispose]();
        for (const part of [secret, secret.slice(0, 16)]) {
          const body = JSON.stringify({ name: `来源${encode(part)}` });
          expect(redactor.holdsSecret(Buffer.from(body))).toBe(true);
        }
        expect(redactor.redact(`sent ${secret}, ok`)).toBe('sent [redacted], ok');
      }),
    );
  });

  it('is not seen in names of scenes, whichever secrets are known', () => {
    const chinese = fc.string({
      unit: fc.constantFrom(...'小程序扫一二维码公众号文章（群聊）《》：，。…—·①Ａ１ 3a%&'),
      maxLength: 20,
    });
    const names = fc.array(fc.oneof(chinese, fc.lorem(), fc.string({ unit: 'grapheme' })), { maxLength: 60 });
    const known = fc.array(fc.oneof(fc.stringMatching(/^[0-9a-f]{32}$/), fc.stringMatching(/^[\w-]{8,60}$/)));
    fc.assert(
      fc.property(names, known, fc.boolean(), (list, all, isEscaped) => {
        const redactor = createRedactor();
        for (const secret of all) redactor.register(secret);
        const text = JSON.stringify({ errcode: 0, errmsg: 'ok', scene: list.map((name, value) => ({ name, value })) });
        const body = isEscaped ? text.replaceAll(/[^ -~]/g, (it) => units(it, (code) => `\\u${hex(code, 4)}`)) : text;
        expect(redactor.holdsSecret(Buffer.from(body))).toBe(false);
      }),
    );
  });

  it('is found in an answer in any spelling', () => {
    fc.assert(
      fc.property(cases, places, ({ secret, text }, place) => {
        const redactor = createRedactor();
        redactor.register(secret);
        expect(redactor.holdsSecret(Buffer.from(place(text)))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is gone from a text in any spelling, and a second pass changes nothing', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('', 'x', ' says: ', '中文'), ({ secret, text }, beside) => {
        const redactor = createRedactor();
        redactor.register(secret);
        const once = redactor.redact(`${beside}${text}${beside}`);
        expect(once).toContain('[redacted]');
        expect(redactor.redact(once)).toBe(once);
        for (const piece of once.split('[redacted]')) {
          expect(redactor.holdsSecret(Buffer.from(piece))).toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('is not in a name, a key or a reject of an answer that seems to hold none', () => {
    const noise = fc.constantFrom('\\', '%', '&', '#', ';', 'u', 'x', '"', '/', '\\u00', '4', '1', '\u212a', ' ');
    fc.assert(
      fc.property(spelled(jsonSpellings), fc.array(noise, { maxLength: 4 }), ({ secret, text }, noises) => {
        const before = noises.join('');
        const redactor = createRedactor();
        redactor.register(secret);
        const body = Buffer.from(
          `{"scene":[{"name":"${before}${text}","value":1},{"name":0,"value":"${before}${text}"}]}`,
        );
        if (redactor.holdsSecret(body)) return;
        const answer = normalizeBody(body);
        if (answer.kind !== 'snapshot') return;
        for (const [key, name] of answer.present) expect(key + name).not.toContain(secret);
        for (const { raw } of answer.rejects)
          for (const value of Object.values(JSON.parse(raw))) expect(String(value)).not.toContain(secret);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is found with characters in it that show as nothing', () => {
    const redactor = createRedactor();
    const secret = '62_Kq7-ZpW0dE4r_tYuIoP9aSdFgHjKl3z';
    redactor.register(secret);
    for (const gap of ['\u200b', '\u200d', '\u2060', '\ufeff', '\u00ad', ' ', '\\u200b']) {
      expect(redactor.holdsSecret(Buffer.from(`{"name":"${[...secret].join(gap)}"}`))).toBe(true);
      expect(redactor.redact(`a ${[...secret].join(gap)} b`)).toBe('a [redacted] b');
    }
  });

  it('is not seen where it is not', () => {
    const redactor = createRedactor();
    redactor.register('0123456789abcdef0123456789abcdef');
    const names = Array.from({ length: 60 }, (_, value) => ({ name: `来源\\u6d4b 100%25 &amp; ${value}`, value }));
    expect(redactor.holdsSecret(Buffer.from(JSON.stringify({ scene: names })))).toBe(false);
    expect(redactor.redact('C:\\new\\u0041 100%41 &amp;')).toBe('C:\\new\\u0041 100%41 &amp;');
  });

  it('takes time in proportion to a hostile answer', () => {
    const redactor = createRedactor();
    for (let at = 0; at < 20; at += 1) redactor.register(`token-${at}-${'aB3_'.repeat(120)}`);
    const pieces = ['%25', '\\\\', '&amp;#65;', '\\u0041', 'aB3_', '6142', ' a', '&#x0000', '\\x{0000', '97,', '0a'];
    for (const piece of [...pieces, nested(6), '\uff41', '\0a', '1,1,x', '61:']) {
      const body = Buffer.from(piece.repeat(1_048_576 / piece.length));
      const started = performance.now();
      redactor.holdsSecret(body);
      expect(performance.now() - started).toBeLessThan(8_000);
    }
    for (const text of ['%25'.repeat(100), nested(12), '97,'.repeat(100)]) {
      const decoded = [...searchedTexts(text)].reduce((sum, it) => sum + it.text.length, 0);
      expect(decoded).toBeLessThanOrEqual(33 * text.length);
    }
  });
});

/** Base64 of base64 of … */
function nested(depth: number): string {
  let text = 'the answer of WeChat '.repeat(10);
  for (let at = 0; at < depth; at += 1) text = Buffer.from(text).toString('base64');
  return text;
}
