/** Text that is HTML already. Only this file makes it from other text, and escapes that. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Markup | null | readonly Piece[];

/** A template whose values are escaped, in text and in quoted attributes; null is nothing, a list is its members. */
export function html(literals: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = literals[0] ?? '';
  pieces.forEach((piece, index) => {
    text += textOf(piece) + (literals[index + 1] ?? '');
  });
  return new Markup(text);
}

function textOf(piece: Piece): string {
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'string') return escapeHtml(piece);
  if (piece === null) return '';
  return typeof piece === 'number' ? String(piece) : piece.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // A parser makes a line feed of it, and drops a NUL.
  '\r': '&#13;',
  '\0': '\ufffd',
};

function escapeHtml(text: string): string {
  return text.toWellFormed().replaceAll(/[&<>"'\r\0]/g, (character) => entities[character] ?? character);
}

/** JSON as the content of a script element, which nothing inside can end. */
export function jsonMarkup(value: unknown): Markup {
  const text = JSON.stringify(value).replaceAll(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return new Markup(text);
}
