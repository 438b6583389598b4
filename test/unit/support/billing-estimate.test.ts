import { describe, expect, test } from 'vitest';
import { estimateBilling, logicalBytes, statementsOf, tablesReadBy } from '../../support/billing-estimate.ts';

const MIB = 1024 * 1024;
const sizes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  big: { id: 20 * MIB, name: 30 * MIB, at: 8 * MIB },
  small: { id: 100, op: 50 },
};
const billed = (statement: string) =>
  Object.fromEntries(
    estimateBilling(statement, (table) => sizes[table] ?? {}).map(({ table, bytesBilled }) => [
      table,
      bytesBilled / MIB,
    ]),
  );

describe('a statement bills', () => {
  test.each<[string, Record<string, number>]>([
    ['SELECT id FROM `p.d.big`', { big: 20 }],
    ['SELECT id, UNIX_MICROS(at) FROM `p.d.big` WHERE name = @at', { big: 58 }],
    ['SELECT id FROM `p.d.small`', { small: 10 }],
    ['SELECT s.op FROM `p.d.small` AS s JOIN `p.d.big` AS b ON b.id = s.id', { small: 10, big: 20 }],
    ['SELECT 1 FROM `p.d.big` AS a JOIN `p.d.big` AS b ON a.id = b.name', { big: 50 }],
    ['INSERT INTO `p.d.big` (id, name) SELECT s.id, s.op FROM `p.d.small` AS s', { small: 10 }],
    [
      'INSERT INTO `p.d.big` (id) SELECT s.id FROM `p.d.small` AS s LEFT JOIN `p.d.big` AS b ON b.id = s.id',
      { small: 10, big: 20 },
    ],
    ['UPDATE `p.d.big` SET name = 1 WHERE id = 2', { big: 108 }],
    ['DELETE FROM `p.d.big` WHERE at < @id', { big: 66 }],
    [
      'MERGE `p.d.big` AS b USING `p.d.small` AS s ON b.id = s.id\nWHEN MATCHED THEN\n  UPDATE SET name = s.op',
      { big: 78, small: 10 },
    ],
    [
      'MERGE `p.d.big` AS b USING `p.d.small` AS s ON b.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)',
      { big: 20, small: 10 },
    ],
    ["ASSERT NOT EXISTS (SELECT 1 FROM `p.d.big` AS b WHERE b.at > @x) AS 'late'", { big: 10 }],
    ["ASSERT @@row_count = 1 AS 'lost'", {}],
    ['BEGIN TRANSACTION', {}],
  ])('%s', (statement, expected) => {
    expect(billed(statement)).toEqual(expected);
  });
});

test('an inserted table is not read, unless it is looked at too', () => {
  expect(tablesReadBy('INSERT INTO `p.d.a` (x) SELECT x FROM `p.d.b`')).toEqual(['b']);
  expect(tablesReadBy('INSERT INTO `p.d.a` (x) SELECT x FROM `p.d.b` WHERE x NOT IN (SELECT x FROM `p.d.a`)')).toEqual([
    'b',
    'a',
  ]);
});

test('a script is its statements', () => {
  expect(statementsOf('BEGIN TRANSACTION;\n\nUPDATE a\nSET b = 1;\n\nCOMMIT TRANSACTION;')).toEqual([
    'BEGIN TRANSACTION',
    'UPDATE a\nSET b = 1',
    'COMMIT TRANSACTION',
  ]);
});

test('values have the sizes of the documentation', () => {
  expect(['STRING', 'BYTES', 'INT64', 'TIMESTAMP', 'BOOL'].map((type) => logicalBytes(type, 3))).toEqual([
    5, 5, 8, 8, 1,
  ]);
});
