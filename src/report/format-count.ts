const grouped = new Intl.NumberFormat('en-US');

/** A number with thousands separated: `12,345`. */
export function formatCount(count: number): string {
  return grouped.format(count);
}
