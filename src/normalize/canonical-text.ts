/** Printable ASCII and the ideographs of U+4E00 to U+9FFF: well-formed, in NFC and not trimmed, but for U+0020. */
const PLAIN = /^[\x20-\x7e\u4e00-\u9fff]+$/;

/** The characters with the Unicode property White_Space, and the two invisible ones that come with copied text. */
const TRIMMED = new Set(
  '\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a' +
    '\u2028\u2029\u202f\u205f\u3000\u200b\ufeff',
);

/**
 * A name or text key as it is compared and stored (cases B13 to B15b): cleaned, then in NFC. May be
 * empty. Applying it twice changes nothing. `normalize` sorts a run of marks by insertion, so the
 * caller limits the length.
 */
export function canonicalText(text: string): string {
  if (PLAIN.test(text) && text.charCodeAt(0) !== 0x20 && text.charCodeAt(text.length - 1) !== 0x20) return text;
  return cleanText(text).normalize('NFC');
}

/**
 * The text without what cannot be seen or stored: half surrogate pairs become U+FFFD, a run of
 * control characters becomes one space, then white space, U+200B and U+FEFF go from both ends.
 */
export function cleanText(text: string): string {
  return trimEnds(text.toWellFormed().replaceAll(/\p{Cc}+/gu, ' '));
}

/** True when the text has more code points than `limit`; half a surrogate pair counts as one. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  return text.length > 2 * limit || [...text].length > limit;
}

// A loop: a regular expression for the end tries again at every space, which takes minutes on a
// million of them.
function trimEnds(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && TRIMMED.has(text.charAt(start))) start += 1;
  while (end > start && TRIMMED.has(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
