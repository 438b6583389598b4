import type { Decoding, Piece } from './decoding.ts';
import { alphabetOf, longRuns, type Run } from './long-runs.ts';

/**
 * What long runs of a text hold that look like encoded bytes: base64 and base64url, hex, and lists of
 * decimal numbers. Other characters of the alphabet may stand before a run, so there is one decoding for
 * each place within a group where it may begin. One byte of UTF-8 is one character.
 */
export function* decodeRuns({ text, unwrapped, visibleRuns }: TextWithRuns): Generator<RunDecoding> {
  const base64 = visibleRuns.flatMap(base64RunsIn);
  for (let offset = 0; offset < 4 && base64.length > 0; offset += 1) {
    yield { of: 'unwrapped', ...joined(base64, (run) => base64Bytes(run, offset)) };
  }
  const hex = listsIn(unwrapped, HEX);
  for (let offset = 0; offset < 2 && hex.length > 0; offset += 1) {
    yield { of: 'unwrapped', ...joined(hex, (run) => hexBytes(run, offset)) };
  }
  const decimal = listsIn(text, DECIMAL);
  if (decimal.length > 0) yield { of: 'text', ...joined(decimal, decimalBytes) };
}

export interface TextWithRuns {
  readonly text: string;
  /** Without gaps. */
  readonly unwrapped: string;
  /** The long runs of visible characters of `unwrapped`. */
  readonly visibleRuns: readonly Run[];
}

export interface RunDecoding extends Decoding {
  /** What the pieces are ranges of. */
  readonly of: 'text' | 'unwrapped';
}

const BASE64 = alphabetOf(/[\w+/-]/);
/** Of the six bytes of the shortest secret. */
const MIN_BASE64_LENGTH = 8;
const HEX = listOf('[0-9a-f]{2}', '[^\\w\\x80-\\xff]{0,3}(?:0x)?');
const DECIMAL = listOf('\\d{1,3}', '[^\\w\\x80-\\xff]{1,16}');

/** Between the bytes of two runs; no byte of UTF-8. */
const BREAK = '\xff';

function base64RunsIn({ start, text }: Run): Run[] {
  return longRuns(text, BASE64, MIN_BASE64_LENGTH).map((run) => ({ ...run, start: start + run.start }));
}

interface ListPattern {
  readonly start: RegExp;
  readonly rest: RegExp;
}

/** Six items or more. The rest is taken in parts, because a pattern without an end takes stack for each item. */
function listOf(item: string, separator: string): ListPattern {
  const more = `(?:${separator}${item})`;
  return { start: new RegExp(`${item}${more}{5}`, 'gi'), rest: new RegExp(`${more}{1,500}`, 'iy') };
}

function listsIn(text: string, { start, rest }: ListPattern): Run[] {
  const runs: Run[] = [];
  start.lastIndex = 0;
  for (let found = start.exec(text); found !== null; found = start.exec(text)) {
    rest.lastIndex = start.lastIndex;
    while (rest.test(text)) start.lastIndex = rest.lastIndex;
    runs.push({ start: found.index, text: text.slice(found.index, start.lastIndex) });
  }
  return runs;
}

interface RunBytes {
  readonly bytes: string;
  /** Where in the run a byte begins, and where it ends. */
  readonly place: (at: number) => readonly [start: number, end: number];
}

function joined(runs: readonly Run[], decode: (run: string) => RunBytes): Decoding {
  const text = runs.map((run) => decode(run.text).bytes).join(BREAK);
  return { text, pieces: () => piecesOf(runs, decode) };
}

function* piecesOf(runs: readonly Run[], decode: (run: string) => RunBytes): Generator<Piece> {
  for (const [index, run] of runs.entries()) {
    if (index > 0) yield { start: run.start, end: run.start, text: BREAK };
    const { bytes, place } = decode(run.text);
    for (let at = 0; at < bytes.length; at += 1) {
      const [start, end] = place(at);
      yield { start: run.start + start, end: run.start + end, text: bytes.charAt(at) };
    }
  }
}

function base64Bytes(run: string, offset: number): RunBytes {
  return {
    bytes: Buffer.from(run.slice(offset), 'base64').toString('latin1'),
    place: (at) => [offset + Math.floor((at * 8) / 6), offset + Math.floor((at * 8 + 7) / 6) + 1],
  };
}

function hexBytes(run: string, offset: number): RunBytes {
  const digits = run.replaceAll(/0x|[^0-9a-f]/gi, (it) => ' '.repeat(it.length));
  let places: number[] | undefined;
  return {
    bytes: Buffer.from(digits.replaceAll(' ', '').slice(offset), 'hex').toString('latin1'),
    place: (at) => {
      places ??= Array.from(digits.matchAll(/\S/g), ({ index }) => index);
      const first = offset + at * 2;
      return [places[first] ?? 0, (places[first + 1] ?? 0) + 1];
    },
  };
}

function decimalBytes(run: string): RunBytes {
  const numbers = [...run.matchAll(/\d+/g)];
  return {
    bytes: numbers.map(([digits]) => (Number(digits) < 0xff ? String.fromCharCode(Number(digits)) : BREAK)).join(''),
    place: (at) => {
      const found = numbers[at];
      return found === undefined ? [0, 0] : [found.index, found.index + found[0].length];
    },
  };
}
