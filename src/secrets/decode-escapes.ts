/**
 * A text without one layer of the escapes that URLs, JSON, HTML and programming languages have:
 * `%41`, `\u0041`, `&#65;`, `\x41` and their kin, in any mixture. Of `json` those that make a name of
 * an answer: of JSON, and NFC. Null when the text has none. A text is bytes of UTF-8 here, one byte a
 * character.
 */
export function decodeEscapes({ text, starts }: EscapedText, kinds: 'any' | 'json' = 'any'): EscapedText | null {
  if (!MAY_HOLD_ESCAPES.test(text)) return null;
  const parts: string[] = [];
  const origins: number[] = [];
  let copied = 0;
  const copyUntil = (end: number) => {
    parts.push(text.slice(copied, end));
    for (let at = copied; at < end; at += 1) origins.push(starts?.[at] ?? at);
  };
  for (const match of text.matchAll(kinds === 'json' ? JSON_ESCAPE : ESCAPE)) {
    const decoded = decodeOne(match);
    if (decoded === undefined) continue;
    copyUntil(match.index);
    parts.push(decoded);
    for (let at = 0; at < decoded.length; at += 1) origins.push(starts?.[match.index] ?? match.index);
    copied = match.index + match[0].length;
  }
  if (copied === 0) return null;
  copyUntil(text.length);
  origins.push(starts?.[text.length] ?? text.length);
  return { text: parts.join(''), starts: origins };
}

/** A text, and where its characters and its end stood in what was decoded first; null: where they stand. */
export interface EscapedText {
  readonly text: string;
  readonly starts: readonly number[] | null;
}

const MAY_HOLD_ESCAPES = /[\\%&\xcd\xe1\xe2]/;

const JSON_KINDS = [
  /\\u(?<high>d[89ab][0-9a-f]{2})\\u(?<low>d[c-f][0-9a-f]{2})/,
  /\\u(?<unit>[0-9a-f]{4})/,
  /\\(?<character>["'/\\bfnrt])/,
  /(?<twin>\xe2\x84\xaa|\xcd\xbe|\xe1\xbf\xaf)/,
];
const OTHER_KINDS = [
  /%u(?<unit>[0-9a-f]{4})/,
  /(?:\\u\{|\\x\{|\\U|&#x)0*(?<point>[0-9a-f]{1,6})[;}]?/,
  /&#0*(?<decimal>\d{1,7});?/,
  /(?:%|\\x)(?<byte>[0-9a-f]{2})/,
  /\\(?<octal>[0-3][0-7]{2})/,
  /&(?<name>\w{2,8});/,
];
const JSON_ESCAPE = anyOf(JSON_KINDS);
const ESCAPE = anyOf([...JSON_KINDS, ...OTHER_KINDS]);

function anyOf(patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'), 'gi');
}

function decodeOne({ groups = {} }: RegExpMatchArray): string | undefined {
  const { high, low, unit, point, decimal, byte, octal, name, character, twin } = groups;
  if (high !== undefined && low !== undefined) {
    return utf8(0x10000 + ((parseInt(high, 16) - 0xd800) << 10) + (parseInt(low, 16) - 0xdc00));
  }
  if (unit !== undefined) return utf8(parseInt(unit, 16));
  if (point !== undefined) return utf8(parseInt(point, 16));
  if (decimal !== undefined) return utf8(Number(decimal));
  if (byte !== undefined) return String.fromCharCode(parseInt(byte, 16));
  if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8));
  if (name !== undefined) return entities[name.toLowerCase()];
  if (character !== undefined) return escapedCharacters[character.toLowerCase()] ?? character;
  return twin === undefined ? undefined : twins[twin];
}

function utf8(codePoint: number): string | undefined {
  if (codePoint < 0x80) return String.fromCharCode(codePoint);
  if (codePoint > 0x10ffff) return undefined;
  return Buffer.from(String.fromCodePoint(codePoint)).toString('latin1');
}

const escapedCharacters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Those of HTML for characters that a token or its base64 may hold. */
const entities: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  ast: '*',
  bsol: '\\',
  colon: ':',
  comma: ',',
  commat: '@',
  dash: '-',
  dollar: '$',
  equals: '=',
  excl: '!',
  gt: '>',
  hyphen: '-',
  lowbar: '_',
  lt: '<',
  num: '#',
  percnt: '%',
  period: '.',
  plus: '+',
  quest: '?',
  quot: '"',
  semi: ';',
  sol: '/',
  tilde: '~',
  verbar: '|',
};

/** What NFC makes ASCII of, as it makes a name: the Kelvin sign, the Greek question mark and the varia. */
const twins: Readonly<Record<string, string>> = { '\xe2\x84\xaa': 'K', '\xcd\xbe': ';', '\xe1\xbf\xaf': '`' };
