import { accountDrift, type DriftKind, type KnownSource } from '../../dimension/account-drift.ts';
import { isOpen, type VersionChange, versionOf } from '../../dimension/version.ts';
import { describeChanges } from '../../report/describe-changes.ts';
import { formatCount } from '../../report/format-count.ts';
import { formatTime } from '../../report/history-table.ts';
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

/** What runs do to the dimension, as a list and as what leads away from the known access sources. */
export class NotedChanges {
  readonly all: MarkdownTable;
  readonly drift: MarkdownTable;

  constructor(redact: (text: string) => string) {
    this.all = new MarkdownTable(redact, 'account', 'scene', 'change', 'since');
    this.drift = new MarkdownTable(redact, 'account', 'scene', 'drift', 'name', 'known as');
  }

  add(changes: readonly VersionChange[], known: readonly KnownSource[]): void {
    for (const { appId, sceneKey, words, since } of describeChanges(changes)) {
      this.all.add(appId, sceneKey, words, formatTime(since));
    }
    const sources = new Map(known.map((source) => [source.accessSourceKey, source]));
    const opened = new Set(changes.filter(opens).map((change) => versionOf(change).sceneId));
    for (const change of changes) {
      const version = versionOf(change);
      const isGone = change.op === 'update' && version.endReason === 'removed' && !opened.has(version.sceneId);
      if (!opens(change) && !isGone) continue;
      const source = sources.get(version.sceneKey);
      for (const { drift, sceneName, bundledName } of accountDrift(source ? [source] : [], isGone ? [] : [version])) {
        if (expected.has(drift)) continue;
        this.drift.add(version.appId, version.sceneKey, drift, sceneName ?? '', bundledName ?? '');
      }
    }
  }
}

const expected: ReadonlySet<DriftKind> = new Set(['matched', 'seen_elsewhere']);

function opens(change: VersionChange): boolean {
  return change.op === 'insert' && isOpen(change.after);
}
