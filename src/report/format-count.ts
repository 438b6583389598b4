const grouped = new Intl.NumberFormat('en-US');

/** A number with thousands separated, and what it counts: `12,345`, `1 account`, `2 accounts`. */
export function formatCount(count: number, noun?: string): string {
  const number = grouped.format(count);
  return noun === undefined ? number : `${number} ${noun}${count === 1 ? '' : 's'}`;
}
