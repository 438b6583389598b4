import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probeAnswer } from '../../../src/extract/answer-probe.ts';

function probe(text: string | Uint8Array) {
  const result = probeAnswer(typeof text === 'string' ? Buffer.from(text) : text);
  return result === undefined ? 'not_json' : (result.refusal ?? 'success');
}

describe('the probe of an answer', () => {
  it.each([
    ['{"errcode":0,"errmsg":"ok"}', 'success'],
    ['{"errcode":-1}', { code: '-1', errmsg: '' }],
    ['{"errcode":"40001","errmsg":"bad"}', { code: '40001', errmsg: 'bad' }],
    ['{"errcode":40001.0}', { code: '40001', errmsg: '' }],
    ['{"errcode":-0}', 'success'],
    ['{"errcode":"0"}', 'success'],
    ['{"errcode":null}', { code: null, errmsg: '' }],
    ['{"errcode":{},"errmsg":7}', { code: null, errmsg: '' }],
    ['{"scene":[]}', 'success'],
    ['[]', 'success'],
    ['null', 'success'],
    ['"text"', 'success'],
    ['{"errcode":45011,"errmsg":"a\u0001b\nc\u0000"}', { code: '45011', errmsg: 'a\u0001b\nc\u0000' }],
    ['{\n\t"errcode":\r\n1,"errmsg":"\u0002"}', { code: '1', errmsg: '\u0002' }],
    ['\u0001{"errcode":1}', 'not_json'],
    ['', 'not_json'],
    ['<html>', 'not_json'],
    ['{"errcode":0,', 'not_json'],
    ['['.repeat(1_000_000), 'not_json'],
  ])('reads %j', (text, expected) => {
    expect(probe(text)).toEqual(expected);
  });

  it('tolerates bytes that are not UTF-8 inside strings', () => {
    expect(probe(Buffer.from([...Buffer.from('{"errcode":5,"errmsg":"'), 0xff, ...Buffer.from('"}')]))).toEqual({
      code: '5',
      errmsg: '\ufffd',
    });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void probeAnswer(bytes)),
      { numRuns: 2_000 },
    );
  });
});
