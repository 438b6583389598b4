/** Half-open range of offsets in a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/*
 * These functions find their way in a text that JSON.parse has accepted. They never recurse and look at each character
 * once, so neither deep nesting nor long strings can stop them.
 */

/** True for the four characters that JSON takes as white space. */
export function isJsonSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** The offset of the first character at or after `from` that is no JSON white space. */
export function skipJsonSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isJsonSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** The offset after the closing quote of the string whose opening quote is at `start`; the length when it is not closed. */
export function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}

/** Where the value that starts at `start` ends. */
export function valueEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return stringEnd(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return scalarEnd(text, start);
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** The value of the last member called `name` of the object that starts at `start`: the one that JSON.parse takes. */
export function memberSpan(text: string, start: number, name: string): Span | undefined {
  let found: Span | undefined;
  let at = skipJsonSpace(text, start + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const valueStart = skipJsonSpace(text, skipJsonSpace(text, keyEnd) + 1);
    const end = valueEnd(text, valueStart);
    if (key === name) found = { start: valueStart, end };
    at = nextItem(text, end);
  }
  return found;
}

/** The elements of the array that starts at `start`. */
export function elementSpans(text: string, start: number): Span[] {
  const spans: Span[] = [];
  let at = skipJsonSpace(text, start + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = valueEnd(text, at);
    spans.push({ start: at, end });
    at = nextItem(text, end);
  }
  return spans;
}

function nextItem(text: string, from: number): number {
  const at = skipJsonSpace(text, from);
  return text.charCodeAt(at) === COMMA ? skipJsonSpace(text, at + 1) : at;
}

function scalarEnd(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || isJsonSpace(code)) return at;
    at += 1;
  }
  return at;
}
