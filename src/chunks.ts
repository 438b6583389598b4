/** Rows that one set-based statement takes at most. */
export const STATEMENT_ROWS = 10_000;

/** Cuts rows into arrays of at most `size`; none when there are no rows. */
export function* chunksOf<Row>(rows: readonly Row[], size: number = STATEMENT_ROWS): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; start += size) yield rows.slice(start, start + size);
}

/** Gathers a stream into arrays of `size`; the last may be smaller. */
export async function* chunksOfStream<Row>(rows: AsyncIterable<Row>, size: number): AsyncGenerator<readonly Row[]> {
  let chunk: Row[] = [];
  for await (const row of rows) {
    chunk.push(row);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** Gathers a stream that is ordered by account into an array for each account. */
export function accountsOfStream<Row extends { readonly appId: string }>(
  rows: AsyncIterable<Row>,
): AsyncGenerator<readonly [Row, ...Row[]]> {
  return runsOfStream(rows, ({ appId }) => appId);
}

/** Gathers a stream into an array for each run of rows that have the same key. */
export async function* runsOfStream<Row>(
  rows: AsyncIterable<Row>,
  keyOf: (row: Row) => string,
): AsyncGenerator<readonly [Row, ...Row[]]> {
  let run: [Row, ...Row[]] | undefined;
  for await (const row of rows) {
    if (run !== undefined && keyOf(run[0]) === keyOf(row)) {
      run.push(row);
      continue;
    }
    if (run !== undefined) yield run;
    run = [row];
  }
  if (run !== undefined) yield run;
}

/**
 * Cuts rows into arrays whose sizes add up to at most `bytes` (one row more when it alone is larger)
 * and `count` rows.
 */
export function* chunksOfBytes<Row>(
  rows: readonly Row[],
  sizeOf: (row: Row) => number,
  bytes: number,
  count: number,
): Generator<readonly Row[]> {
  let chunk: Row[] = [];
  let total = 0;
  for (const row of rows) {
    const size = sizeOf(row);
    if (chunk.length > 0 && (total + size > bytes || chunk.length >= count)) {
      yield chunk;
      chunk = [];
      total = 0;
    }
    chunk.push(row);
    total += size;
  }
  if (chunk.length > 0) yield chunk;
}
