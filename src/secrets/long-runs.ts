/** Marks the characters of an alphabet, which is given as the class of a regular expression. */
export function alphabetOf(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => Number(characters.test(String.fromCharCode(code))));
}

/**
 * The longest runs of an alphabet, of `length` characters at least. Looks at each `length`th
 * character first, because every such run has one: much faster than a regular expression.
 */
export function longRuns(text: string, alphabet: Uint8Array, length: number): Run[] {
  const runs: Run[] = [];
  let searched = 0;
  let at = length - 1;
  while (at < text.length) {
    if (alphabet[text.charCodeAt(at)] === 1) {
      let start = at;
      while (start > searched && alphabet[text.charCodeAt(start - 1)] === 1) start -= 1;
      while (at < text.length && alphabet[text.charCodeAt(at)] === 1) at += 1;
      if (at - start >= length) runs.push({ start, text: text.slice(start, at) });
    }
    searched = at + 1;
    at += length;
  }
  return runs;
}

export interface Run {
  readonly start: number;
  readonly text: string;
}
