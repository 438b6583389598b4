import { MIN_RUN_LENGTH, type Range, type SearchedText, withoutGaps } from './searched-text.ts';

/** How many of its first characters make the beginning of a secret. */
const LENGTH = 16;

/**
 * The beginnings of all secrets that were known in this run. A text is compared with all of them at
 * once, so the answer of one account is searched for the tokens of 100,000 others.
 */
export class KnownBeginnings {
  readonly #beginnings = new Set<string>();
  /** How long the beginnings are: a gap in a secret, or a short one, makes fewer than {@link LENGTH}. */
  readonly #lengths = new Set<number>();

  get isEmpty(): boolean {
    return this.#beginnings.size === 0;
  }

  /** Does nothing with a secret of fewer than eight characters, because it would be found in ordinary words. */
  add(secret: string): void {
    const start = withoutGaps(secret.slice(0, LENGTH));
    if (start.length < MIN_RUN_LENGTH || !/^[!#-[\]-~]+$/.test(start)) return;
    // A copy, since a slice would keep the whole secret in memory.
    this.#beginnings.add(Buffer.from(start, 'latin1').toString('latin1'));
    this.#lengths.add(start.length);
  }

  /** Where one of the beginnings stands, with the rest of its token, as ranges of what the text was decoded from. */
  *rangesIn(searched: SearchedText): Generator<Range> {
    const { text, visibleRuns } = searched;
    for (const { start: index, text: run } of visibleRuns) {
      for (const length of this.#lengths) {
        for (let at = 0; at + length <= run.length; at += 1) {
          if (!this.#beginnings.has(run.slice(at, at + length))) continue;
          const start = searched.placeInText(index + at);
          const end = searched.placeInText(index + at + length - 1) + 1;
          yield searched.range(start, length < LENGTH ? end : end + restOfToken(text, end));
        }
      }
    }
  }
}

function restOfToken(text: string, from: number): number {
  const REST = /[\w+/=.-]*/y;
  REST.lastIndex = from;
  return REST.exec(text)?.[0].length ?? 0;
}
