const CHUNK_CHARACTERS = 64 * 1024;
const special = /[\\\t\n\r]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** A value in the text format of COPY. */
export function copyText(value: string): string {
  return special.test(value) ? value.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? character) : value;
}

/** Like {@link copyText}; null is `\N`. */
export function copyTextOrNull(value: string | null): string {
  return value === null ? '\\N' : copyText(value);
}

/**
 * Rows as chunks of about 64 KiB in the text format of COPY, made while they are read. `line` gives the fields of a row,
 * escaped and joined by tabs, without the line end. One chunk a row would be three times slower, one text for all flattens memory.
 */
export function* copyChunks<Row>(rows: Iterable<Row>, line: (row: Row) => string): Generator<Buffer> {
  let text = '';
  for (const row of rows) {
    text += line(row);
    text += '\n';
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text);
      text = '';
    }
  }
  if (text !== '') yield Buffer.from(text);
}
