/**
 * A whole number with thousands separated, and what it counts: `12,345`, `1 account`, `2 accounts`. Without `Intl`, which
 * takes a run longer to load than all counts to write.
 */
export function formatCount(count: number, noun?: string): string {
  const number = String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return noun === undefined ? number : `${number} ${noun}${count === 1 ? '' : 's'}`;
}
