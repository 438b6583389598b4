import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { normalizeBody } from '../../../src/normalize/normalize-body.ts';
import type { NormalizedAnswer, Snapshot } from '../../../src/normalize/snapshot.ts';

function normalize(text: string): NormalizedAnswer {
  return normalizeBody(new TextEncoder().encode(text));
}

/** Normalizes the rows as they are written, in an answer that reports success. */
function normalizeRows(...rows: string[]): NormalizedAnswer {
  return normalize(`{"errcode":0,"errmsg":"ok","scene":[${rows.join(',')}]}`);
}

function snapshot(present: Record<string, string> = {}): Snapshot {
  const facts = new Map(Object.entries(present));
  return { kind: 'snapshot', present: facts, unknown: new Set(), absencesUnknown: false, rejects: [] };
}

const row = (value: string, name = '"A"'): string => `{"name":${name},"value":${value}}`;

describe('the envelope', () => {
  test.each([
    ['errcode 0', '{"errcode":0,"scene":[]}'],
    ['no errcode', '{"scene":[]}'],
    ['0 in another spelling', '{"errcode":-0.0e5,"scene":[]}'],
    ['0 as a text', '{"errcode":"0","scene":[]}'],
    ['a byte order mark', '\ufeff{"scene":[]}'],
    ['fields that nobody knows', '{"errcode":0,"total":2,"next":{"scene":3},"scene":[]}'],
    ['a repeated scene, of which the last counts', '{"scene":null,"scene":[]}'],
    ['a member name with escapes', '{"\\u0073cene":[]}'],
  ])('is a success with %s', (_, text) => {
    expect(normalize(text)).toEqual(snapshot());
  });

  test.each([
    ['-1', '-1'],
    ['40001', '40001'],
    ['40001.0', '40001'],
    ['4.5009e4', '45009'],
    ['"40001"', '40001'],
    ['"-1"', '-1'],
    ['123456789012345678901234567890', '123456789012345678901234567890'],
  ])('of errcode %s is the failure %s with errmsg as message', (errcode, code) => {
    const text = `{"errcode":${errcode},"errmsg":"system busy rid: 1-2-3","scene":[${row('1')}]}`;
    expect(normalize(text)).toEqual({ kind: 'failure', code, message: 'system busy rid: 1-2-3' });
  });

  test.each(['null', 'true', '{}', '[]', '0.5', '""', '"ok"', '"00"', '" 0"', '1e100', '1e999999999', '1e-999999999'])(
    'of errcode %s is malformed, even beside a list of scenes',
    (errcode) => {
      expect(normalize(`{"errcode":${errcode},"scene":[${row('1')}]}`)).toEqual({
        kind: 'failure',
        code: 'malformed_response',
        message: 'errcode is no integer of at most 100 digits',
      });
    },
  );

  test.each([
    ['{"errcode":0,"errmsg":"ok"}', 'the answer has no scene list; errmsg: ok'],
    ['{}', 'the answer has no scene list'],
    ['{"errcode":0,"scene":null}', 'scene is not an array'],
    ['{"errcode":0,"scene":{"1":"A"}}', 'scene is not an array'],
    ['{"scene":"A"}', 'scene is not an array'],
    ['{"scene":1.5}', 'scene is not an array'],
    ['{"scene":[],"scene":1}', 'scene is not an array'],
    ['[{"name":"A","value":1}]', 'the body is not a JSON object'],
    ['null', 'the body is not a JSON object'],
    ['1.5', 'the body is not a JSON object'],
    ['"scene"', 'the body is not a JSON object'],
  ])('%s is a malformed response', (text, message) => {
    expect(normalize(text)).toEqual({ kind: 'failure', code: 'malformed_response', message });
  });

  test.each([
    ['<html>502 Bad Gateway</html>', 'the body is not JSON; it starts with: <html>502 Bad Gateway</html>'],
    ['{"errcode":0,"scene":[{"na', 'the body is not JSON; it starts with: {"errcode":0,"scene":[{"na'],
    ['{"scene":[]} x', 'the body is not JSON; it starts with: {"scene":[]} x'],
    ['{"scene":[01]}', 'the body is not JSON; it starts with: {"scene":[01]}'],
    ['{"scene":[1.]}', 'the body is not JSON; it starts with: {"scene":[1.]}'],
    ['{"a":"\\\n"}', 'the body is not JSON; it starts with: {"a":"\\\n"}'],
    ['', 'the body is empty'],
    [' \n', 'the body is empty'],
  ])('%j is not JSON', (text, message) => {
    expect(normalize(text)).toEqual({ kind: 'failure', code: 'invalid_json', message });
  });

  test.each([
    ['{"errcode":-1,"rid":"64af7b86-7f59782b-19648ad4"}', '-1', 'WeChat answered errcode -1 without errmsg rid: RID'],
    ['{"errcode":-1,"errmsg":"busy","rid":"64af7b86-7f59782b-19648ad4"}', '-1', 'busy rid: RID'],
    ['{"errcode":1,"errmsg":"no rid: RID","rid":"64af7b86-7f59782b-19648ad4"}', '1', 'no rid: RID'],
    ['{"rid":"64af7b86-7f59782b-19648ad4"}', 'malformed_response', 'the answer has no scene list rid: RID'],
    ['{"errcode":1,"errmsg":"x","rid":{}}', '1', 'x'],
    ['{"errcode":1,"errmsg":"x","rid":"a b"}', '1', 'x'],
  ])('keeps the rid of %s', (text, code, message) => {
    const withRid = (one: string) => one.replace('RID', '64af7b86-7f59782b-19648ad4');
    expect(normalize(withRid(text))).toEqual({ kind: 'failure', code, message: withRid(message) });
  });

  test.each([
    ['{"errCode":-604101,"errMsg":"function has no permission"}', '-604101', 'function has no permission'],
    [
      '{"iv":"r2WD","data":"EcmE","authtag":"z2BF"}',
      'malformed_response',
      'the answer is encrypted, since the API security of the account is on at mp.weixin.qq.com',
    ],
    ['{"iv":1,"data":"EcmE","authtag":"z2BF"}', 'malformed_response', 'the answer has no scene list'],
  ])('names the cause of %s', (text, code, message) => {
    expect(normalize(text)).toEqual({ kind: 'failure', code, message });
  });

  test('tells a compressed body', () => {
    const failure = { kind: 'failure', code: 'invalid_json', message: 'the body is compressed (gzip)' };
    expect(normalizeBody(gzipSync('{"errcode":0,"scene":[]}'))).toEqual(failure);
  });

  test('without errmsg still gets a message', () => {
    expect(normalize('{"errcode":48001}')).toEqual({
      kind: 'failure',
      code: '48001',
      message: 'WeChat answered errcode 48001 without errmsg',
    });
  });

  test('has a message of at most 1,000 characters that any database can store', () => {
    const errmsg = `half \\ud83d nul \\u0000 ${'🚀'.repeat(2000)}`;
    expect(normalize(`{"errcode":1,"errmsg":"${errmsg}"}`)).toEqual({
      kind: 'failure',
      code: '1',
      message: `half \ufffd nul \ufffd ${'🚀'.repeat(1000 - 13)}`,
    });
  });

  test('may hold raw control characters inside its strings', () => {
    expect(normalizeRows('{"name":"two\nlines\\"\u0001","value":1}')).toEqual(snapshot({ 1: 'two lines"' }));
  });

  test('may hold bytes that are no UTF-8, which read as U+FFFD', () => {
    const bytes = Buffer.concat([Buffer.from('{"scene":[{"name":"a'), Buffer.of(0xff), Buffer.from('b","value":1}]}')]);
    expect(normalizeBody(bytes)).toEqual(snapshot({ 1: 'a\ufffdb' }));
  });
});
