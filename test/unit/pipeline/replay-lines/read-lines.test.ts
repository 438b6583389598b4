import { describe, expect, test } from 'vitest';
import { ScenedimError } from '../../../../src/errors.ts';
import { type NumberedLine, readLines } from '../../../../src/pipeline/replay-lines/read-lines.ts';

async function* chunksOf(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

function toBytes(parts: string | readonly (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat((typeof parts === 'string' ? [parts] : parts).map((part) => Buffer.from(part)));
}

interface Reading {
  readonly lines: readonly NumberedLine[];
  readonly error: string | undefined;
}

async function read(input: AsyncIterable<Uint8Array>, maxLineBytes?: number): Promise<Reading> {
  const lines: NumberedLine[] = [];
  try {
    const options =
      maxLineBytes === undefined ? { inputName: 'log.ndjson' } : { inputName: 'log.ndjson', maxLineBytes };
    for await (const line of readLines(input, options)) lines.push(line);
  } catch (error) {
    if (!(error instanceof ScenedimError) || error.code !== 'bad_line') throw error;
    return { lines, error: error.message };
  }
  return { lines, error: undefined };
}

describe.each([1, 2, 3, 7, 1000])('input in chunks of %i bytes', (size) => {
  test.each<[string, string | readonly (string | Uint8Array)[], readonly [number, string][]]>([
    ['nothing', '', []],
    ['a line', 'a\n', [[1, 'a']]],
    [
      'a last line without its end',
      'a\nb',
      [
        [1, 'a'],
        [2, 'b'],
      ],
    ],
    [
      'line ends of Windows',
      'a\r\nb\r\n\r\nc\r',
      [
        [1, 'a'],
        [2, 'b'],
        [4, 'c'],
      ],
    ],
    [
      'blank lines, which count',
      '\n\n  \t\na\n\nb\n\n',
      [
        [4, 'a'],
        [6, 'b'],
      ],
    ],
    [
      'a byte order mark',
      '\ufeffa\n\ufeffb\n',
      [
        [1, 'a'],
        [2, '\ufeffb'],
      ],
    ],
    ['a byte order mark alone', '\ufeff\na\n', [[2, 'a']]],
    [
      'characters of several bytes',
      '程序🚀\né\n',
      [
        [1, '程序🚀'],
        [2, 'é'],
      ],
    ],
    ['other line separators inside a line', 'a\u2028b\u0085c\vd\n', [[1, 'a\u2028b\u0085c\vd']]],
    ['a carriage return inside a line', 'a\rb\n', [[1, 'a\rb']]],
  ])('with %s is split', async (_, text, expected) => {
    const reading = await read(chunksOf(toBytes(text), size));
    expect(reading).toEqual({ lines: expected.map(([number, line]) => ({ number, line })), error: undefined });
  });

  test('that is no UTF-8 ends at that line', async () => {
    const bytes = toBytes(['a\n\nb\n', Uint8Array.of(0xe7, 0xa8), '\nc\n']);
    expect(await read(chunksOf(bytes, size))).toEqual({
      lines: [
        { number: 1, line: 'a' },
        { number: 3, line: 'b' },
      ],
      error: 'log.ndjson:4: the line is not UTF-8',
    });
  });

  test('that is cut inside a character ends at its last line', async () => {
    const bytes = toBytes(['a\n', Uint8Array.of(0xe7, 0xa8)]);
    expect(await read(chunksOf(bytes, size))).toEqual({
      lines: [{ number: 1, line: 'a' }],
      error: 'log.ndjson:2: the line is not UTF-8',
    });
  });

  test('with a line that is too long ends there, with or without an end of line', async () => {
    for (const text of ['abcd\nabcde\nf\n', 'abcd\nabcde']) {
      expect(await read(chunksOf(toBytes(text), size), 4)).toEqual({
        lines: [{ number: 1, line: 'abcd' }],
        error: 'log.ndjson:2: the line is longer than 4 bytes',
      });
    }
    expect((await read(chunksOf(toBytes('程序\n'), size), 6)).error).toBeUndefined();
    expect((await read(chunksOf(toBytes('程序\n'), size), 5)).error).toBe(
      'log.ndjson:1: the line is longer than 5 bytes',
    );
  });
});

test('a line that never ends is refused after 16 MiB, not at the end of the input', async () => {
  let chunks = 0;
  async function* endless(): AsyncIterable<Uint8Array> {
    for (;;) {
      chunks += 1;
      yield new Uint8Array(1024 * 1024).fill(0x61);
    }
  }
  expect(await read(endless())).toEqual({ lines: [], error: 'log.ndjson:1: the line is longer than 16777216 bytes' });
  expect(chunks).toBe(17);
});
