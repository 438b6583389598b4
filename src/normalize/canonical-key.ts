import { canonicalNumber } from './canonical-number.ts';
import { canonicalText } from './canonical-text.ts';
import { ExactNumber } from './exact-number.ts';

/** A text key of more code points than this, after cleaning, is no key. */
export const MAX_KEY_LENGTH = 256;

/**
 * The canonical key of a row's `value`, undefined when it is none: the exact decimal text of a number, a cleaned string.
 * A JavaScript number must be an integer that is exact; others come as {@link ExactNumber}.
 */
export function canonicalKey(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  if (value instanceof ExactNumber) return canonicalNumber(value.literal);
  if (typeof value !== 'string') return undefined;
  const key = canonicalText(value);
  return key === '' || isTooLong(key) ? undefined : key;
}

function isTooLong(key: string): boolean {
  if (key.length <= MAX_KEY_LENGTH) return false;
  return key.length > 2 * MAX_KEY_LENGTH || [...key].length > MAX_KEY_LENGTH;
}
