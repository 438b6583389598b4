import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readLines } from '../../../../src/pipeline/replay-lines/read-lines.ts';

const line = '{"app_id":"wx1","observed_at":"2024-03-01T00:00:00Z","body":{"scene":[]}}\n';
const utf16 = Buffer.from(line, 'utf16le');
const bigEndian = Buffer.from(utf16).swap16();

it.each([
  [
    'UTF-16 with its mark',
    Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]),
    /UTF-16, not UTF-8/,
    /iconv -f UTF-16 -t/,
  ],
  [
    'UTF-16BE with its mark',
    Buffer.concat([Buffer.from([0xfe, 0xff]), bigEndian]),
    /UTF-16, not/,
    /iconv -f UTF-16 -t/,
  ],
  ['UTF-16LE', utf16, /UTF-16, not/, /iconv -f UTF-16LE -t/],
  ['UTF-16BE', bigEndian, /UTF-16, not/, /iconv -f UTF-16BE -t/],
  ['gzip', gzipSync(line), /compressed \(gzip\)/, /gzip -dc/],
  ['GBK', Buffer.from([0x7b, 0xb6, 0xfe, 0x0a]), /the line is not UTF-8/, /iconv -f GBK/],
])('%s is called by its name', async (_what, bytes, message, remedy) => {
  const read = Array.fromAsync(
    readLines(
      (async function* () {
        yield bytes;
      })(),
      { inputName: 'log.ndjson' },
    ),
  );
  await expect(read).rejects.toMatchObject({
    code: 'bad_line',
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
});
