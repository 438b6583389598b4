import { describe, expect, test } from 'vitest';
import { compactJson } from '../../../src/normalize/compact-json.ts';
import { ExactNumber } from '../../../src/normalize/exact-number.ts';
import { parseJsonDocument } from '../../../src/normalize/json-document.ts';
import { elementSpans, memberSpan } from '../../../src/normalize/json-span.ts';

const compact = (text: string): string => compactJson(text, { start: 0, end: text.length });

describe('compact JSON', () => {
  test.each([
    ['{}', '{}'],
    [' { "a" : [ 1 , 2 ] , "b" : { } } ', '{"a":[1,2],"b":{}}'],
    ['{"10":1,"2":1.0,"2":1e0}', '{"10":1,"2":1.0,"2":1e0}'],
    ['"a b \\" c"', '"a b \\" c"'],
    ['"\\u0041\\/\\b\\u001f\\ud83d\\ude80\\ud800"', '"A/\\b\\u001f🚀\\ud800"'],
    ['"\ud800"', '"\\ud800"'],
    ['["\\\\", "\\\\\\""]', '["\\\\","\\\\\\""]'],
    ['\t\r\nnull\n', 'null'],
  ])('of %j is %j', (text, expected) => {
    expect(compact(text)).toBe(expected);
  });
});

describe('spans', () => {
  test('of a member are those of its last mention, however it is spelled', () => {
    const text = '{"a":1, "b" : {"a":[2]} ,"\\u0061" : "x}\\"" ,"c":null }';
    const span = memberSpan(text, 0, 'a');
    expect(span === undefined ? undefined : text.slice(span.start, span.end)).toBe('"x}\\""');
    expect(memberSpan(text, 0, 'd')).toBeUndefined();
    expect(memberSpan('{ }', 0, 'a')).toBeUndefined();
  });

  test('of elements leave out the space around them', () => {
    const text = '[ 1.5 ,"a,]" , [ ] ,{"b":[2]},true ]';
    expect(elementSpans(text, 0).map(({ start, end }) => text.slice(start, end))).toEqual([
      '1.5',
      '"a,]"',
      '[ ]',
      '{"b":[2]}',
      'true',
    ]);
    expect(elementSpans('[ ]', 0)).toEqual([]);
  });
});

describe('a document', () => {
  const members = (text: string): unknown[] => {
    const document = parseJsonDocument(text);
    const { root } = document;
    return root === undefined ? [] : ['a', 'b', 'c', 'd', 'e'].map((name) => document.member(root, name));
  };

  test('gives small integers as numbers', () => {
    expect(members('{"a":1,"b":-123456789012345,"c":"n1","d":null}')).toEqual([
      1,
      -123456789012345,
      'n1',
      null,
      undefined,
    ]);
  });

  test('gives every number as it was written when one of them needs it', () => {
    expect(members('{"a":1,"b":-1.50E+2,"c":"n1.5","d":true,"e":"s"}')).toEqual([
      new ExactNumber('1'),
      new ExactNumber('-1.50E+2'),
      'n1.5',
      true,
      's',
    ]);
  });

  test('takes no member from the prototype of objects', () => {
    const document = parseJsonDocument('{}');
    expect(document.member(document.root ?? [], 'constructor')).toBeUndefined();
  });

  test.each(['[]', '[1.5]', 'null', '1', '1.5', '"a"'])('has no root object in %s', (text) => {
    expect(parseJsonDocument(text).root).toBeUndefined();
  });

  test.each(['01', '1.', '.5', '1e', '+1', '--1', '1.5.2', '[1.5', '{"a":0x10}'])('is not made of %s', (text) => {
    expect(() => parseJsonDocument(text)).toThrow(SyntaxError);
  });
});
