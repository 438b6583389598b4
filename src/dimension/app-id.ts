/** What is wrong with a text that shall be the app id of an account; undefined when nothing is. */
export function problemOfAppId(text: string): string | undefined {
  if (text === '*') return '"*" is reserved';
  if (!text.isWellFormed()) return 'must not hold half a surrogate pair';
  return /^[^\p{Cc}]{1,128}$/u.test(text) ? undefined : 'must be 1 to 128 characters without control characters';
}
