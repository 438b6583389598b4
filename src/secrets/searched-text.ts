import { decodeEscapes, hasOtherEscapes } from './decode-escapes.ts';
import { decodeRuns } from './decode-runs.ts';
import type { Decoding } from './decoding.ts';
import { alphabetOf, longRuns, type Run } from './long-runs.ts';

/** White space, control characters, and what shows as nothing, like the soft hyphen and U+200B. */
const GAPS =
  /(?:[^!-~\x80-\xff]|\xc2[\x85\xa0\xad]|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xaf]|\xe3\x80\x80|\xef\xbb\xbf)+/g;
const MAY_HOLD_GAPS = /[^!-~\x80-\xff]/;
const LONG_GAPS = ['\xc2', '\xe2\x80', '\xe2\x81', '\xe3\x80\x80', '\xef\xbb'];

/** A text layered more deeply is not decoded to its end. */
export const MAX_DEPTH = 8;
/** All that a text is decoded to has at most so many times its length, so that time is linear. */
const MAX_GROWTH = 32;

/**
 * The text; the text without the escapes of JSON, which is what names are made of; and whatever it can
 * be decoded to, by {@link decodeEscapes} and {@link decodeRuns} in any order, layer after layer. One
 * byte of UTF-8 is one character.
 */
export function* searchedTexts(whole: string): Generator<SearchedText> {
  const root = new SearchedText(whole, null, 0);
  const queue = [root];
  let left = whole.length * MAX_GROWTH;
  for (let at = 0; at < queue.length; at += 1) {
    const text = queue[at] ?? root;
    yield text;
    if (text.depth === MAX_DEPTH) continue;
    for (const decoded of text.decoded()) {
      left -= decoded.text.length;
      if (left < 0) return;
      queue.push(decoded);
    }
  }
}

/** Visible ASCII but for what ends a text in JSON: an ordinary answer has no eight of these in a row. */
const VISIBLE = alphabetOf(/[!#-[\]-~]/);
export const MIN_RUN_LENGTH = 8;

export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A text, or what it was decoded to, with what the search for every secret needs of it. */
export class SearchedText {
  readonly text: string;
  readonly depth: number;
  readonly #origin: Origin | null;
  #unwrapped: string | undefined;
  #visibleRuns: readonly Run[] | undefined;
  #places: Places | undefined;
  #keptPlaces: Uint32Array | undefined;

  constructor(text: string, origin: Origin | null, depth: number) {
    this.text = text;
    this.#origin = origin;
    this.depth = depth;
  }

  /** Without gaps. */
  get unwrapped(): string {
    this.#unwrapped ??= withoutGaps(this.text);
    return this.#unwrapped;
  }

  /** Of {@link unwrapped}: at least {@link MIN_RUN_LENGTH} characters of visible ASCII in a row. */
  get visibleRuns(): readonly Run[] {
    this.#visibleRuns ??= longRuns(this.unwrapped, VISIBLE, MIN_RUN_LENGTH);
    return this.#visibleRuns;
  }

  /** What is left of it without one more layer. */
  *decoded(): Generator<SearchedText> {
    const { text, unwrapped, visibleRuns } = this;
    const escapes = decodeEscapes(text);
    if (escapes !== null) yield this.#child(escapes, 'text');
    if (escapes !== null && this.depth === 0 && hasOtherEscapes(text)) {
      const json = decodeEscapes(text, 'json');
      if (json !== null) yield this.#child(json, 'text');
    }
    for (const run of decodeRuns({ text, unwrapped, visibleRuns })) yield this.#child(run, run.of);
  }

  /** A range of the text as one of the whole text that this one was decoded from. */
  range(start: number, end: number): Range {
    if (this.#origin === null) return { start, end };
    const { of, from } = this.#origin;
    this.#places ??= placesOf(this.text.length, this.#origin);
    const first = this.#places.starts[start] ?? 0;
    const last = this.#places.ends[end - 1] ?? 0;
    return of === 'unwrapped' ? from.rangeOfUnwrapped(first, last) : from.range(first, last);
  }

  /** The same of a range of {@link unwrapped}. */
  rangeOfUnwrapped(start: number, end: number): Range {
    return this.range(this.placeInText(start), this.placeInText(end - 1) + 1);
  }

  /** Where in the text a character of {@link unwrapped} stands. */
  placeInText(at: number): number {
    if (this.unwrapped.length === this.text.length) return at;
    this.#keptPlaces ??= keptPlaces(this.text, this.unwrapped.length);
    return this.#keptPlaces[at] ?? 0;
  }

  #child(decoding: Decoding, of: Origin['of']): SearchedText {
    return new SearchedText(decoding.text, { of, from: this, decoding }, this.depth + 1);
  }
}

/** What a text was decoded from. */
interface Origin {
  readonly of: 'text' | 'unwrapped';
  readonly from: SearchedText;
  readonly decoding: Decoding;
}

/** Of each character of a decoded text: where that starts which it was made of, and where it ends. */
interface Places {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export function withoutGaps(text: string): string {
  const mayHoldGaps = MAY_HOLD_GAPS.test(text) || LONG_GAPS.some((gap) => text.includes(gap));
  return mayHoldGaps ? text.replaceAll(GAPS, '') : text;
}

function placesOf(length: number, { decoding }: Origin): Places {
  const starts = new Uint32Array(length);
  const ends = new Uint32Array(length);
  let at = 0;
  for (const { start, end, text } of decoding.pieces()) {
    starts.fill(start, at, at + text.length);
    ends.fill(end, at, at + text.length);
    at += text.length;
  }
  return { starts, ends };
}

function keptPlaces(text: string, length: number): Uint32Array {
  const places = new Uint32Array(length);
  let kept = 0;
  let reached = 0;
  const keepUntil = (end: number) => {
    for (; reached < end; reached += 1, kept += 1) places[kept] = reached;
  };
  for (const { index, 0: gap } of text.matchAll(GAPS)) {
    keepUntil(index);
    reached = index + gap.length;
  }
  keepUntil(text.length);
  return places;
}
