/**
 * Orders two texts by their code points, which is the order of their UTF-8 bytes and so of `COLLATE "C"` and BigQuery.
 * JavaScript's `<` compares UTF-16 units and puts U+1F680 before U+FFFD. Negative, zero or positive, as `sort` wants it.
 */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const isLeftSurrogate = isSurrogate(left);
    // A surrogate is half of a code point above U+FFFF, whatever its own number.
    if (isLeftSurrogate !== isSurrogate(right)) return isLeftSurrogate ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}
