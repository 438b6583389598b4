import { describe, expect, test } from 'vitest';
import { interpolate } from '../../../src/config/interpolate.ts';

const environment = { A: 'one', EMPTY: '', NESTED: '${A}' };
const replaced = (text: string): string => interpolate(text, environment).text;

describe('interpolation', () => {
  test('replaces variables anywhere in a text', () => {
    expect(replaced('x ${A} y ${A}')).toBe('x one y one');
  });

  test('leaves everything else as it is', () => {
    for (const text of ['', '$', '$A', '$$', '$$A', '{A}', 'a}b', '100$']) expect(replaced(text)).toBe(text);
  });

  test('takes a default for a variable that is missing or empty', () => {
    expect(replaced('${NO:-two}${EMPTY:-three}${A:-four}${NO:-}')).toBe('twothreeone');
  });

  test('replaces inside a default, braces counted', () => {
    expect(replaced('${NO:-<${A}>}')).toBe('<one>');
    expect(replaced('${NO:-${NEITHER:-x}}y')).toBe('xy');
  });

  test('never looks into a value', () => {
    expect(replaced('${NESTED}')).toBe('${A}');
  });

  test('writes a literal ${ for $${', () => {
    expect(replaced('$${A} $${ ${A}')).toBe('${A} ${ one');
    expect(replaced('$$${A}')).toBe('$${A}');
  });

  test('keeps an empty variable that is asked for plainly', () => {
    expect(replaced('[${EMPTY}]')).toBe('[]');
  });

  test('tells which variables it looked at', () => {
    expect(interpolate('${A} ${NO:-${EMPTY}}', environment).variables).toEqual(['A', 'NO', 'EMPTY']);
  });

  test.each([
    ['${NO}', 'environment variable NO is not set'],
    ['${NO:?set it}', 'environment variable NO is not set: set it'],
    ['${EMPTY:?}', 'environment variable EMPTY is not set'],
    ['${A', '"${" without its "}"'],
    ['${}', 'a "${…}" does not name a variable'],
    ['${1A}', 'a "${…}" does not name a variable'],
    ['${A:+x}', 'a "${…}" has another operator than :- and :?'],
  ])('refuses %s', (text, message) => {
    expect(() => replaced(text)).toThrow(message);
  });
});
