import type { Decoding, Piece } from './decoding.ts';

/**
 * A text without one layer of what URLs, JSON, HTML and programming languages escape characters
 * with: `%41`, `\u0041`, `&#65;`, `\x41` and their kin, in any mixture. Characters that Unicode takes
 * for one of ASCII, like a full-width letter, become that one, and the NULs of UTF-16 go. `json`
 * decodes only what a name of an answer is decoded by: the escapes of JSON, and NFC. Null when the
 * text has nothing to decode. One byte of UTF-8 is one character.
 */
export function decodeEscapes(text: string, kinds: 'any' | 'json' = 'any'): Decoding | null {
  if (!MAY_HOLD_ESCAPES.test(text)) return null;
  const pattern = kinds === 'json' ? JSON_ESCAPE : ESCAPE;
  let result = '';
  let copied = 0;
  for (const { start, end, text: decoded } of escapesIn(text, pattern)) {
    result += text.slice(copied, start) + decoded;
    copied = end;
  }
  if (copied === 0) return null;
  result += text.slice(copied);
  return { text: result, pieces: () => withCopies(text, pattern) };
}

/** True when the text may have escapes that `json` does not decode. */
export function hasOtherEscapes(text: string): boolean {
  return MAY_HOLD_OTHERS.test(text);
}

function* escapesIn(text: string, pattern: RegExp): Generator<Piece> {
  for (const { index, 0: spelled } of text.matchAll(pattern)) {
    const decoded = decodeOne(spelled);
    if (decoded !== undefined) yield { start: index, end: index + spelled.length, text: decoded };
  }
}

/** What the decoded text consists of, from its beginning to its end. */
function* withCopies(text: string, pattern: RegExp): Generator<Piece> {
  let copied = 0;
  for (const piece of escapesIn(text, pattern)) {
    yield* copies(text, copied, piece.start);
    yield piece;
    copied = piece.end;
  }
  yield* copies(text, copied, text.length);
}

function* copies(text: string, from: number, to: number): Generator<Piece> {
  for (let at = from; at < to; at += 1) yield { start: at, end: at + 1, text: text.charAt(at) };
}

interface Kind {
  readonly pattern: RegExp;
  readonly decode: (spelled: string) => string | undefined;
}

/** Of non-ASCII characters that may stand for ASCII; not the punctuation of Chinese, which names hold. */
const TWIN = [
  '\xc2[\xaa\xb2\xb3\xb9\xba]|\xcd\xbe|\xe1[\xb4-\xb6\xbe\xbf][\x80-\xbf]',
  '\xe2(?:\x80\xa4|[\x81-\x86\x91-\x93\xb1][\x80-\xbf])|\xe3[\x88-\x8f][\x80-\xbf]',
  '\xef(?:\xac[\x80-\xbf]|\xb9[\x80-\xbf]|\xbc[\x8b\x8d-\x99\x9d\xa1-\xba\xbf]|\xbd[\x81-\x9a])',
  '\xf0\x9d[\x90-\x9f][\x80-\xbf]|\xf0\x9f[\x83-\x87\xaf][\x80-\xbf]',
].join('|');

const MAY_HOLD_ESCAPES = new RegExp(`[\\\\%&\\0]|${TWIN}`);
const MAY_HOLD_OTHERS = new RegExp(`[%&\\0]|\\\\(?:[xX0-3]|u\\{|U0)|${TWIN}`);

const fromHex = (digits: string) => utf8(parseInt(digits, 16));

const JSON_KINDS: readonly Kind[] = [
  {
    pattern: /\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}/,
    decode: (it) =>
      utf8(0x10000 + ((parseInt(it.slice(2, 6), 16) - 0xd800) << 10) + (parseInt(it.slice(8), 16) - 0xdc00)),
  },
  { pattern: /\\u[0-9a-f]{4}/, decode: (it) => fromHex(it.slice(2)) },
  { pattern: /\\["'/\\bfnrt]/, decode: (it) => escapedCharacters[it.charAt(1).toLowerCase()] ?? it.charAt(1) },
  { pattern: /\xe2\x84\xaa|\xcd\xbe|\xe1\xbf\xaf/, decode: asciiTwin },
];
const OTHER_KINDS: readonly Kind[] = [
  { pattern: /(?:%|\\x)[0-9a-f]{2}/, decode: (it) => String.fromCharCode(parseInt(it.slice(-2), 16)) },
  { pattern: /%u[0-9a-f]{4}/, decode: (it) => fromHex(it.slice(2)) },
  { pattern: /(?:\\u\{|\\x\{|&#x)0*[0-9a-f]{1,6}[;}]?/, decode: (it) => fromHex(it.slice(3)) },
  { pattern: /\\U0*[0-9a-f]{1,6}/, decode: (it) => fromHex(it.slice(2)) },
  { pattern: /&#0*\d{1,7};?/, decode: (it) => utf8(parseInt(it.slice(2), 10)) },
  { pattern: /\\[0-3][0-7]{2}/, decode: (it) => String.fromCharCode(parseInt(it.slice(1), 8)) },
  { pattern: /&\w{2,8};/, decode: (it) => entities[it.slice(1, -1).toLowerCase()] },
  { pattern: /\0/, decode: () => '' },
  { pattern: new RegExp(TWIN), decode: asciiTwin },
];
const KINDS = [...JSON_KINDS, ...OTHER_KINDS].map(({ pattern, decode }) => ({
  whole: new RegExp(`^(?:${pattern.source})$`, 'i'),
  decode,
}));
const JSON_ESCAPE = anyOf(JSON_KINDS);
const ESCAPE = anyOf([...JSON_KINDS, ...OTHER_KINDS]);

function anyOf(kinds: readonly Kind[]): RegExp {
  return new RegExp(kinds.map(({ pattern }) => pattern.source).join('|'), 'gi');
}

function decodeOne(spelled: string): string | undefined {
  // The kind of Chinese names: nearly all escapes of an answer are of it.
  if (spelled.length === 6 && spelled.charAt(1) === 'u' && spelled.charAt(2) !== '{') return fromHex(spelled.slice(2));
  return KINDS.find(({ whole }) => whole.test(spelled))?.decode(spelled);
}

function utf8(point: number): string | undefined {
  if (point < 0x80) return String.fromCharCode(point);
  if (point > 0x10ffff) return undefined;
  const tail = (shift: number) => 0x80 | ((point >> shift) & 0x3f);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), tail(0));
  if (point < 0x10000) return String.fromCharCode(0xe0 | (point >> 12), tail(6), tail(0));
  return String.fromCharCode(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
}

function asciiTwin(character: string): string | undefined {
  const twin = Buffer.from(character, 'latin1').toString('utf8').normalize('NFKC');
  return /^[!-~]+$/.test(twin) ? twin : undefined;
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
