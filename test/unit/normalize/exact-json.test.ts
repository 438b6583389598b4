import { describe, expect, test } from 'vitest';
import { isJsonObject, numberLiteral, parseExactJson } from '../../../src/normalize/exact-json.ts';

/** What a body looks like when it is written again. */
const written = (text: string): string => JSON.stringify(parseExactJson(text));

describe('a body written again', () => {
  test.each([
    [' { "a" : [ 1 , 2 ] , "b" : { } } ', '{"a":[1,2],"b":{}}'],
    ['[1.0,-0,1E+2,0.1e1,1e400,1.50]', '[1.0,-0,1E+2,0.1e1,1e400,1.50]'],
    ['[9007199254740993,123456789012345678901234567890]', '[9007199254740993,123456789012345678901234567890]'],
    ['{"b":1,"2":1.0,"b":1e0}', '{"2":1.0,"b":1e0}'],
    ['{"__proto__":{"a":1.0},"toJSON":2.0}', '{"__proto__":{"a":1.0},"toJSON":2.0}'],
    ['["1.0","\\u0031","\\u0041\\/\\b\\ud83d\\ude80\\ud800",1.0]', '["1.0","1","A/\\b🚀\\ud800",1.0]'],
    ['\t\r\n-0\n', '-0'],
    ['1.0', '1.0'],
    ['"a\nb"', '"a\\nb"'],
  ])('%j is %j', (text, expected) => {
    expect(written(text)).toBe(expected);
    expect(written(`[${text},1.0]`)).toBe(`[${expected},1.0]`);
  });

  test.each([
    '0',
    '1',
    '-7',
    '123456789012345',
    '9007199254740992',
    '0.5',
    '1.5',
    '1.50',
    '1e21',
    '1e+21',
    '5e-324',
    '-0.0',
  ])('has the number %s as it was', (literal) => {
    expect(numberLiteral(parseExactJson(literal))).toBe(literal);
    for (const text of [`[${literal}]`, `{"a":${literal}}`, `[0,${literal},"-1.0"]`]) expect(written(text)).toBe(text);
  });
});

describe('a value', () => {
  test.each(['{}', '{"a":1.0}', '{"rawJSON":"1"}'])('of %s is an object', (text) => {
    expect(isJsonObject(parseExactJson(text))).toBe(true);
  });

  test.each(['[]', '[1.5]', 'null', '1', '1.50', '"a"', 'true'])('of %s is no object', (text) => {
    expect(isJsonObject(parseExactJson(text))).toBe(false);
  });

  test.each(['"1.0"', 'null', '{"rawJSON":"1.0"}', '[1.0]', 'false'])('of %s is no number', (text) => {
    expect(numberLiteral(parseExactJson(text))).toBeUndefined();
  });

  test.each(['01', '1.', '.5', '1e', '+1', '--1', '1.5.2', '[1.5', '{"a":0x10}', '-'])('is not made of %s', (text) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
  });
});
