import { decodeEscapes } from './decode-escapes.ts';
import { MAX_DEPTH, type Range, type SearchedText, withoutGaps } from './searched-text.ts';

/** A shorter secret is not looked for, because it would be found in ordinary words. */
export const MIN_SECRET_LENGTH = 6;

/** From this length on a secret is found in spite of gaps within it, as where a line was wrapped. */
const MIN_WRAPPED_LENGTH = 16;

/** A secret that is looked for in a text and in all that it can be decoded to. */
export class KnownSecret {
  uses = 0;
  readonly #forms: readonly string[];
  readonly #unwrapped: readonly string[];

  constructor(secret: string) {
    const text = Buffer.from(secret.toWellFormed(), 'utf8').toString('latin1');
    const decoded = withoutEscapes(text);
    const spellings = decoded.length < MIN_SECRET_LENGTH ? [text] : [text, decoded];
    this.#forms = [...new Set([...spellings, ...spellings.map((form) => form.replaceAll(' ', '+'))])];
    const isLong = (form: string) => form.length >= MIN_WRAPPED_LENGTH;
    this.#unwrapped = [...new Set(this.#forms.filter(isLong).map(withoutGaps))].filter((form) => form !== '');
  }

  /** Where the secret stands in a text, as ranges of what that was decoded from. */
  *rangesIn(searched: SearchedText): Generator<Range> {
    const { text, unwrapped } = searched;
    for (const form of this.#forms) {
      for (let at = text.indexOf(form); at >= 0; at = text.indexOf(form, at + form.length)) {
        yield searched.range(at, at + form.length);
      }
    }
    for (const form of this.#unwrapped) {
      for (let at = unwrapped.indexOf(form); at >= 0; at = unwrapped.indexOf(form, at + form.length)) {
        yield searched.rangeOfUnwrapped(at, at + form.length);
      }
    }
  }
}

/** What is left of a secret as texts are left: without escapes, layer after layer. */
function withoutEscapes(text: string): string {
  let decoded = text;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const left = decodeEscapes(decoded);
    if (left === null) break;
    decoded = left.text;
  }
  return decoded;
}
