import { formatCount } from '../../report/format-count.ts';
import { printable } from '../../report/printable.ts';

/** Rows that a table has; the others are counted. */
const SHOWN = 50;
/** Characters of a cell. */
const MAX_CELL = 200;

/** A table in Markdown that does not grow with what is added to it. */
export class MarkdownTable {
  readonly #redact: (text: string) => string;
  readonly #header: readonly string[];
  readonly #rows: (readonly string[])[] = [];
  #total = 0;

  /** `redact` takes secrets out of a text before its characters are escaped, after which nobody would know them. */
  constructor(redact: (text: string) => string, ...header: readonly string[]) {
    this.#redact = redact;
    this.#header = header;
  }

  get total(): number {
    return this.#total;
  }

  add(...row: readonly string[]): void {
    this.#total += 1;
    if (this.#rows.length < SHOWN) this.#rows.push(row.map((text) => cellOf(this.#redact(text))));
  }

  render(): string {
    if (this.#total === 0) return 'none';
    const rule = this.#header.map(() => '---');
    const lines = [this.#header, rule, ...this.#rows].map((row) => `| ${row.join(' | ')} |`);
    const more = this.#total - this.#rows.length;
    return [...lines, ...(more > 0 ? ['', `… and ${formatCount(more)} more`] : [])].join('\n');
  }
}

/** Text from outside, of which nothing is Markdown or HTML. */
function cellOf(text: string): string {
  const all = [...printable(text)];
  const short = all.length > MAX_CELL ? `${all.slice(0, MAX_CELL).join('')}…` : all.join('');
  return short.replaceAll(/[!-/:-@[-`{-~]/g, '\\$&');
}
