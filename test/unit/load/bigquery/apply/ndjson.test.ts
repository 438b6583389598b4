import { describe, expect, test } from 'vitest';
import { ndjsonFiles, ndjsonLine } from '../../../../../src/load/bigquery/apply/ndjson.ts';
import { jobId, jobName } from '../../../../../src/load/bigquery/jobs/job-id.ts';

const rows = Array.from({ length: 1_000 }, (_, n) => ({ app_id: `wx${n}`, scene_name: '搜'.repeat(n % 7), end: null }));
const textOf = (chunks: Iterable<Uint8Array>) => Buffer.concat([...chunks]).toString('utf8');

describe('rows of a load', () => {
  test('are one line each, without what is null', () => {
    expect(ndjsonLine({ b: true, i: '-1', n: null, s: 'a\n"\u2028\u0000' })).toBe(
      '{"b":true,"i":"-1","s":"a\\n\\"\u2028\\u0000"}\n',
    );
  });

  test('keep what only looks like a NULL or half a character', () => {
    const row = { a: ',"b":null', b: null, c: '\\ud83d', d: '\\\\ud83d 😀', e: ':null', f: null };
    expect(JSON.parse(ndjsonLine(row))).toEqual({ a: row.a, c: row.c, d: row.d, e: row.e });
    expect(() => ndjsonLine({ ...row, e: '\\\\\ude00' })).toThrow('column e');
  });

  test('are cut into files below the limit, in order, each as often as it is read', () => {
    const files = ndjsonFiles(() => rows, 5_000);
    const texts = files.map(({ chunks }) => textOf(chunks()));
    expect(texts.join('')).toBe(rows.map(ndjsonLine).join(''));
    expect(texts.every((text) => Buffer.byteLength(text) <= 5_000 && text.endsWith('\n'))).toBe(true);
    expect(files.length).toBeGreaterThan(5);
    expect(files.map(({ chunks }) => textOf(chunks()))).toEqual(texts);
  });

  test('are one file when one row alone is larger than the limit', () => {
    const large = [{ a: 'x'.repeat(100) }, { a: 'y' }, { a: 'z' }];
    expect(ndjsonFiles(() => large, 50).map(({ chunks }) => textOf(chunks()).length)).toEqual([109, 20]);
  });

  test('are handed on in chunks, not as a whole', () => {
    const many = Array.from({ length: 10 }, () => ({ body: 'x'.repeat(200_000) }));
    const chunks = [...(ndjsonFiles(() => many, 48 * 1024 * 1024)[0]?.chunks() ?? [])];
    expect(Math.max(...chunks.map(({ byteLength }) => byteLength))).toBeLessThan(500_000);
  });

  test('with half a character are refused with the column', () => {
    expect(() => ndjsonLine({ raw: 'a\ud83d' })).toThrow(
      expect.objectContaining({ code: 'data_refused', message: expect.stringContaining('column raw') }),
    );
  });
});

describe('a job id', () => {
  test('names run, batch, call, part and attempt', () => {
    const name = jobName('20260301T000000Z-1a2b3c4d', 3, '0badcafe', 'head-0');
    expect(jobId(name, 2)).toBe('scenedim_20260301T000000Z-1a2b3c4d_3_0badcafe_head-0_a2');
  });

  test('holds letters, digits, _ and - only', () => {
    expect(jobId(jobName('run 1/ü', 1), 1)).toBe('scenedim_run-1--_1_a1');
  });
});
