import { expect, test } from 'vitest';
import { encodeRows } from '../../../../src/load/postgres-sql/apply/encode-rows.ts';

/** The texts of whole rows of two fields; throws when the bytes end inside of a row. */
function decode(chunk: Buffer): (string | null)[][] {
  const rows: (string | null)[][] = [];
  let at = 0;
  while (at < chunk.length) {
    const columns = chunk.readInt16BE(at);
    at += 2;
    rows.push(
      Array.from({ length: columns }, () => {
        const length = chunk.readInt32BE(at);
        at += 4 + Math.max(length, 0);
        return length === -1 ? null : chunk.toString('utf8', at - length, at);
      }),
    );
  }
  expect(at).toBe(chunk.length);
  return rows;
}

test('each chunk ends with a row, however long the rows are', () => {
  const rows = Array.from({ length: 2_000 }, (_, n) => [`搜索 ${n}`.repeat(n % 97), n % 3 === 0 ? null : '二维码']);
  rows.splice(1_000, 0, ['长'.repeat(300_000), null], ['', '']);
  const chunks = [
    ...encodeRows(rows, 2, (fields, row) => {
      for (const text of row) fields.text(text);
    }),
  ];
  expect(chunks.length).toBeGreaterThan(2);
  expect(chunks.flatMap(decode)).toEqual(rows);
});
