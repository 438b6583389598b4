import { MIN_RUN_LENGTH, type Range, type SearchedText, withoutGaps } from './searched-text.ts';

/** A token or app secret is known by so many of its first characters. */
const LENGTH = 16;
/**
 * The beginnings of all secrets that were known in this run. A text is compared with all of them at
 * once, so the answer of one account is searched for the tokens of 100,000 others.
 */
export class KnownBeginnings {
  readonly #beginnings = new Set<string>();
  /** Of the beginnings. */
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

  /** Where a text has what begins as one of the secrets does, as ranges of what that was decoded from. */
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
