import stringWidth from 'string-width';
import type { Paint } from './paint.ts';
import { printable } from './printable.ts';

export interface TableColumn {
  readonly header: string;
  /** Default `left`; numbers read best at the `right`. */
  readonly align?: 'left' | 'right';
  /** May be cut with `…` when the table is wider than the terminal; the widest such column gives way first. */
  readonly shrinks?: boolean;
}

export interface TableOptions {
  readonly paint: Paint;
  /** Columns of the terminal; undefined never cuts. */
  readonly width?: number | undefined;
  /** Written before every line. Default none. */
  readonly indent?: string;
}

const GAP = '  ';
const NARROWEST = 6;

/**
 * An aligned table, with a header and no lines, ending in a newline. Widths are those of a
 * terminal: a Chinese character takes two columns. Cells are made {@link printable}.
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const cells = rows.map((row) => columns.map((_, index) => printable(row[index] ?? '')));
  const widths = columns.map(({ header }, index) =>
    cells.reduce((widest, row) => Math.max(widest, stringWidth(row[index] ?? '')), stringWidth(header)),
  );
  const indent = options.indent ?? '';
  if (options.width !== undefined) narrow(widths, columns, options.width - stringWidth(indent));
  const line = (texts: readonly string[]): string =>
    indent +
    texts
      .map((text, index) => fitText(text, widths[index] ?? 0, columns[index]?.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const header = line(columns.map((column) => column.header));
  return `${[options.paint('dim', header), ...cells.map(line)].join('\n')}\n`;
}

/** Pads a text to a width in terminal columns, or cuts it to that width with `…`. */
export function fitText(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = stringWidth(text) > width ? cut(text, width) : text;
  const padding = ' '.repeat(Math.max(0, width - stringWidth(shown)));
  return align === 'right' ? padding + shown : shown + padding;
}

function cut(text: string, width: number): string {
  let kept = '';
  let used = 0;
  for (const { segment } of new Intl.Segmenter('zh', { granularity: 'grapheme' }).segment(text)) {
    const next = stringWidth(segment);
    if (used + next > width - 1) break;
    kept += segment;
    used += next;
  }
  return `${kept}…`;
}

function narrow(widths: number[], columns: readonly TableColumn[], available: number): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1);
  while (total() > available) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      if (column.shrinks !== true || (widths[index] ?? 0) <= NARROWEST) continue;
      if (widest === -1 || (widths[index] ?? 0) > (widths[widest] ?? 0)) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
