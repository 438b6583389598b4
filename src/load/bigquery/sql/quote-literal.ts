const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', "'": "\\'", '\n': '\\n', '\r': '\\r' };

/** A text as a string literal of GoogleSQL. */
export function quoteLiteral(text: string): string {
  return `'${text.replace(/[\\'\n\r]/g, (character) => escapes[character] ?? character)}'`;
}
