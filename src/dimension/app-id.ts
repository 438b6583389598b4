/** True for a text that can name an account in an observation. */
export function isAppId(text: string): boolean {
  return /^[^\p{Cc}]{1,128}$/u.test(text);
}

/** What is wrong with an app id that somebody lists as an account; undefined when nothing is. */
export function problemOfAppId(text: string): string | undefined {
  if (text === '*') return 'must not be "*", which is reserved';
  return isAppId(text) ? undefined : 'must have 1 to 128 characters, none of them a control character';
}
