import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { probeAnswer } from '../../../src/extract/answer-probe.ts';

function probe(text: string | Uint8Array) {
  const result = probeAnswer(typeof text === 'string' ? Buffer.from(text) : text);
  return result.kind === 'json' ? { errcode: result.errcode, errmsg: result.errmsg } : 'not_json';
}

describe('the probe of an answer', () => {
  it.each([
    ['{"errcode":0,"errmsg":"ok"}', { errcode: '0', errmsg: 'ok' }],
    ['{"errcode":-1}', { errcode: '-1', errmsg: '' }],
    ['{"errcode":"40001","errmsg":"bad"}', { errcode: '40001', errmsg: 'bad' }],
    ['{"errcode":40001.0}', { errcode: '40001', errmsg: '' }],
    ['{"errcode":-0}', { errcode: '0', errmsg: '' }],
    ['{"errcode":null}', { errcode: null, errmsg: '' }],
    ['{"errcode":{},"errmsg":7}', { errcode: null, errmsg: '' }],
    ['{"scene":[]}', { errcode: null, errmsg: '' }],
    ['[]', { errcode: null, errmsg: '' }],
    ['null', { errcode: null, errmsg: '' }],
    ['"text"', { errcode: null, errmsg: '' }],
    ['{"errcode":45011,"errmsg":"a\u0001b\nc\u0000"}', { errcode: '45011', errmsg: 'a\u0001b c\u0000' }],
    ['{\n\t"errcode":\r\n1,"errmsg":"\u0002"}', { errcode: '1', errmsg: '\u0002' }],
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
      errcode: '5',
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
