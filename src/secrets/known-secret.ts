import { decodeEscapes, type EscapedText } from './decode-escapes.ts';

/** A shorter secret is not looked for, because it would be found in ordinary words. */
export const MIN_SECRET_LENGTH = 6;

/** From this length on a secret is found in spite of white space within it, as where a line was wrapped. */
const MIN_WRAPPED_LENGTH = 16;

/** White space, and what shows as nothing: the soft hyphen, U+200B to U+200F, U+202A to U+202E, U+2060 to U+206F, U+FEFF. */
const GAP = '(?:\\s|\xc2\xad|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf)';
const GAPS = new RegExp(`${GAP}+`, 'g');

/** A text layered more deeply is not decoded to its end, since each layer costs a pass over a MiB. */
const MAX_LAYERS = 8;

/**
 * A secret that is looked for in all its spellings: as it is; with each character in any escape that
 * {@link decodeEscapes} knows, in any mixture and layered; in hex; in base64 or base64url, alone or
 * inside longer encoded text; and, of a long token, what begins with its first 16 characters.
 */
export class KnownSecret {
  uses = 0;
  readonly #forms: readonly string[];
  readonly #hex: string;
  readonly #beginning: string | null;

  constructor(secret: string) {
    const bytes = Buffer.from(secret.toWellFormed(), 'utf8');
    const text = bytes.toString('latin1');
    const decoded = layersOf(text).at(-1)?.text ?? text;
    const spellings = decoded.length < MIN_SECRET_LENGTH ? [text] : [text, decoded];
    this.#forms = [
      ...new Set([...spellings, ...spellings.map((form) => form.replaceAll(' ', '+')), ...base64Forms(bytes)]),
    ];
    this.#hex = bytes.toString('hex');
    this.#beginning = secret.length >= 32 && /^[\w+/=.-]+$/.test(secret) ? secret.slice(0, 16) : null;
  }

  /** Where the secret stands in a text, as ranges of its first layer. */
  *rangesIn(layer: SearchedText): Generator<Range> {
    const { text } = layer;
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
        yield layer.range(at, at + form.length);
      }
      if (form.length >= MIN_WRAPPED_LENGTH && layer.unwrapped.includes(form.replaceAll(GAPS, ''))) {
        yield* layer.matches(joined(form.replaceAll(GAPS, ''), `${GAP}*`));
      }
    }
    if (layer.hexDigits.includes(this.#hex)) {
      yield* layer.matches(joined(this.#hex.match(/../g) ?? [], '[^0-9a-f]{0,3}(?:0x)?'));
    }
    if (this.#beginning !== null && text.includes(this.#beginning)) {
      yield* layer.matches(new RegExp(`${joined([this.#beginning], '').source}[\\w+/=.-]*`, 'g'));
    }
  }
}

export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The text; the text without the escapes of JSON, which is what names are made of; and what is left
 * without any escapes, layer after layer. One byte of UTF-8 is one character.
 */
export function layersOf(text: string): readonly SearchedText[] {
  const whole = { text, starts: null };
  const layers: EscapedText[] = [whole];
  const json = decodeEscapes(whole, 'json');
  if (json !== null) layers.push(json);
  let left = decodeEscapes(whole);
  for (; left !== null && layers.length < MAX_LAYERS; left = decodeEscapes(left)) layers.push(left);
  return layers.map((layer) => new SearchedText(layer));
}

/** One layer of a text, with what the search for every secret needs of it. */
export class SearchedText {
  readonly text: string;
  readonly #starts: readonly number[] | null;
  #unwrapped: string | undefined;
  #hexDigits: string | undefined;

  constructor({ text, starts }: EscapedText) {
    this.text = text;
    this.#starts = starts;
  }

  /** Without white space and what shows as nothing. */
  get unwrapped(): string {
    this.#unwrapped ??= this.text.replaceAll(GAPS, '');
    return this.#unwrapped;
  }

  /** The hex digits alone, in lower case. */
  get hexDigits(): string {
    this.#hexDigits ??= this.text.toLowerCase().replaceAll(/(?<![0-9a-f])0x|[^0-9a-f]+/g, '');
    return this.#hexDigits;
  }

  range(start: number, end: number): Range {
    return { start: this.#starts?.[start] ?? start, end: this.#starts?.[end] ?? end };
  }

  *matches(pattern: RegExp): Generator<Range> {
    for (const { index, 0: found } of this.text.matchAll(pattern)) yield this.range(index, index + found.length);
  }
}

/** Matches the parts with the separator, a pattern, between them. */
function joined(parts: Iterable<string>, separator: string): RegExp {
  const escaped = [...parts].map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
  return new RegExp(escaped.join(separator), 'gi');
}

/** What depends on the secret alone, for each of the three places where it may start in a group of 3 bytes. */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const own = (text: string) => text.slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
    return [own(padded.toString('base64')), own(padded.toString('base64url'))].filter((form) => form.length >= 7);
  });
}
