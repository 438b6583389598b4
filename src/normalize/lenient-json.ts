/**
 * Parses JSON in which strings may hold raw control characters, as WeChat's answers sometimes do.
 * The returned text has them escaped. Throws the SyntaxError of JSON.parse for anything else that
 * is not JSON.
 */
export function parseLenientJson(text: string): LenientJson {
  try {
    return { text, value: JSON.parse(text) };
  } catch (error) {
    const escaped = escapeControlCharacters(text);
    if (escaped === text) throw error;
    return { text: escaped, value: JSON.parse(escaped) };
  }
}

/** A JSON value and the text it was read from, which JSON.parse accepts. */
export interface LenientJson {
  readonly text: string;
  readonly value: unknown;
}

/** Escapes control characters inside strings; a loop, for a regular expression over strings of a MiB can overflow. */
function escapeControlCharacters(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) inString = !inString;
    else if (!inString) continue;
    else if (code === 0x5c) at += 1;
    else if (code < 0x20) {
      parts.push(text.slice(copied, at), `\\u${code.toString(16).padStart(4, '0')}`);
      copied = at + 1;
    }
  }
  parts.push(text.slice(copied));
  return parts.join('');
}
