import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { ScenedimError } from '../errors.ts';

/** A longer line is refused before it fills the memory. */
const MAX_LINE_BYTES = 1_048_576;

/** One row of a file of the user's: the columns that are filled, by their names. */
export interface ListedRow {
  /** From 1. */
  readonly line: number;
  readonly columns: Readonly<Record<string, unknown>>;
}

/**
 * The rows of a CSV file (header, comma) or of NDJSON, which begins with a brace. Streams. What cannot be read is
 * `config_invalid` with file and line; `checkHeader` may refuse the header of a CSV file by throwing.
 */
export async function* readListedRows(
  chunks: AsyncIterable<Buffer>,
  shown: string,
  checkHeader: (header: readonly string[]) => void,
): AsyncGenerator<ListedRow> {
  const { beginning, all } = await peek(chunks);
  const isJson = /^\uFEFF?\s*\{/.test(beginning);
  yield* isJson ? readJsonLines(all, shown) : readCsv(all, shown, checkHeader);
}

/** What programs write into a CSV file in place of commas. */
const separators = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
] as const;

/** A header that is a single name, with what spreadsheets put between values in it, is `config_invalid`. */
export function assertCommas(header: readonly string[], shown: string): void {
  const [only = ''] = header;
  const separator = header.length === 1 ? separators.find(([sign]) => only.includes(sign))?.[1] : undefined;
  if (separator === undefined) return;
  throw new ScenedimError('config_invalid', `${shown}:1: its values are separated by ${separator}`, {
    remedy: 'save it as CSV with commas',
  });
}

/** The beginning of a stream, with its first visible character, and all of it. */
async function peek(
  chunks: AsyncIterable<Buffer>,
): Promise<{ readonly beginning: string; readonly all: AsyncIterable<Buffer> }> {
  const iterator = chunks[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let beginning = '';
  while (/^\uFEFF?\s*$/.test(beginning)) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    read.push(value);
    beginning = Buffer.concat(read).toString('utf8');
    if (beginning.length > MAX_LINE_BYTES) break;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* read;
      for (;;) {
        const { value, done } = await iterator.next();
        if (done === true) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
  return { beginning, all: all() };
}

async function* readCsv(
  chunks: AsyncIterable<Buffer>,
  shown: string,
  checkHeader: (header: readonly string[]) => void,
): AsyncGenerator<ListedRow> {
  const options = {
    bom: true,
    columns: (header: string[]) => {
      checkHeader(header);
      return header;
    },
    info: true,
    max_record_size: MAX_LINE_BYTES,
    skip_empty_lines: true,
    trim: true,
  } as const;
  try {
    const rows = pipeline(Readable.from(chunks), parse(options), () => {});
    for await (const { info, record } of rows as AsyncIterable<CsvRow>) {
      const filled = Object.entries(record).filter(([, value]) => value !== '');
      // Spreadsheets end a file with rows of commas alone.
      if (filled.length > 0) yield { line: info.lines, columns: Object.fromEntries(filled) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const place = typeof error.lines === 'number' ? `${shown}:${error.lines}` : shown;
    throw new ScenedimError('config_invalid', `${place}: ${flawOfCsv(error)}`, {
      remedy: 'give every line as many commas as the header has, and put a value that holds a comma into "…"',
      cause: error,
    });
  }
}

interface CsvRow {
  readonly info: { readonly lines: number };
  readonly record: Readonly<Record<string, string>>;
}

function flawOfCsv({ code, message }: CsvError): string {
  switch (code) {
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
    case 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH':
      return 'the line has more or fewer values than the header';
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quotation mark opens a value, and none closes it';
    case 'CSV_INVALID_CLOSING_QUOTE':
    case 'INVALID_OPENING_QUOTE':
      return 'a quotation mark stands inside a value';
    case 'CSV_MAX_RECORD_SIZE':
      return 'the line has more than 1 MiB';
    default:
      return message;
  }
}

async function* readJsonLines(chunks: AsyncIterable<Buffer>, shown: string): AsyncGenerator<ListedRow> {
  let line = 0;
  for await (const text of linesOf(chunks, () => `${shown}:${line + 1}`)) {
    line += 1;
    if (text.trim() === '') continue;
    yield { line, columns: columnsOf(text, `${shown}:${line}`) };
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>, place: () => string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length > MAX_LINE_BYTES) throw notAnObject(place(), 'the line has more than 1 MiB');
  }
  yield rest + decoder.decode();
}

function columnsOf(text: string, place: string): ListedRow['columns'] {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw notAnObject(place, 'the line is not JSON');
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw notAnObject(place, 'the line is no object');
  const filled = Object.entries(row).filter(([, value]) => value !== '' && value !== null);
  return Object.fromEntries(filled);
}

function notAnObject(place: string, what: string): ScenedimError {
  return new ScenedimError('config_invalid', `${place}: ${what}`, {
    remedy: 'write one JSON object a line, or a CSV file with a header',
  });
}
