import { ScenedimError } from '../../../errors.ts';
import type { StagedRow } from './staging-parts.ts';

/** Bytes that are handed on at once. */
const CHUNK_BYTES = 256 * 1024;

/** Rows of one load job. */
export interface NdjsonFile {
  readonly chunks: () => Iterable<Uint8Array>;
}

/**
 * Cuts rows into files of at most `maxBytes`; a row that alone is larger has a file of its own. Lines are made again for each reading, so
 * that a file is never in memory as a whole.
 */
export function ndjsonFiles(rows: () => Iterable<StagedRow>, maxBytes: number): readonly NdjsonFile[] {
  const starts = [0];
  let index = 0;
  let bytes = 0;
  for (const row of rows()) {
    const size = Buffer.byteLength(ndjsonLine(row));
    if (bytes > 0 && bytes + size > maxBytes) {
      starts.push(index);
      bytes = 0;
    }
    bytes += size;
    index += 1;
  }
  return starts.map((start, n) => ({ chunks: () => chunksOf(rows(), start, starts[n + 1] ?? index) }));
}

function* chunksOf(rows: Iterable<StagedRow>, start: number, end: number): Generator<Uint8Array> {
  let index = 0;
  let text = '';
  for (const row of rows) {
    if (index >= end) break;
    if (index >= start) text += ndjsonLine(row);
    index += 1;
    if (text.length < CHUNK_BYTES) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

/** Matches only a cell: inside of a text, quotes have backslashes. */
const nullCell = /,"\w+":null/g;
/** How JSON writes half of a surrogate pair; the same letters in a text have two backslashes. */
const halfCharacter = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

/**
 * A row as one line. A null cell is left out, which is how a load says NULL; the first cell is never null. A first load spends most of
 * its time here: with a replacer, JSON.stringify takes four times as long.
 *
 * A text that is not well-formed is refused: emulators check no row, and BigQuery's message names none.
 */
export function ndjsonLine(row: StagedRow): string {
  const line = JSON.stringify(row);
  if (line.includes('\\ud') && halfCharacter.test(line)) throw notWellFormed(row);
  return `${line.includes(':null') ? line.replace(nullCell, '') : line}\n`;
}

function notWellFormed(row: StagedRow): ScenedimError {
  const [column = ''] =
    Object.entries(row).find(([, value]) => typeof value === 'string' && !value.isWellFormed()) ?? [];
  return new ScenedimError('data_refused', `a text of column ${column} is not well-formed Unicode`, {
    remedy: 'please report it',
  });
}
