import { isJsonSpace, type Span, skipJsonSpace, stringEnd } from './json-span.ts';

/**
 * The compact form of one value in a text that JSON.parse has accepted: no white space between tokens, strings as
 * JSON.stringify writes them, number literals, the order of members and repeated members as they were written.
 */
export function compactJson(text: string, { start, end }: Span): string {
  const parts: string[] = [];
  let copied = start;
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      const tokenEnd = stringEnd(text, at);
      const token = text.slice(at, tokenEnd);
      if (token.includes('\\') || !token.isWellFormed()) {
        parts.push(text.slice(copied, at), JSON.stringify(JSON.parse(token)));
        copied = tokenEnd;
      }
      at = tokenEnd;
    } else if (isJsonSpace(code)) {
      parts.push(text.slice(copied, at));
      at = skipJsonSpace(text, at);
      copied = at;
    } else {
      at += 1;
    }
  }
  parts.push(text.slice(copied, end));
  return parts.join('');
}
