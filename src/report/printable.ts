/**
 * Text from outside made safe for a terminal: control characters (escape sequences too) and line
 * breaks show as `\u001b`, invisible ones that would reorder the text as well.
 */
export function printable(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
