import { canonicalNumber } from './canonical-number.ts';
import { canonicalText, cleanText, isLongerThan } from './canonical-text.ts';
import { numberLiteral } from './exact-json.ts';

/** A text key of more code points than this, after cleaning, is no key. */
export const MAX_KEY_LENGTH = 256;

/** NFC makes at most four code points into one. */
const MAX_COMPOSED = 4;

/**
 * The canonical key of a row's `value`, undefined when it is none: the exact decimal text of a
 * number, so that 1, 1.0 and "1" are the same scene (case B11), or a cleaned string.
 */
export function canonicalKey(value: unknown): string | undefined {
  if (Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string') return textKey(value);
  const literal = numberLiteral(value);
  return literal === undefined ? undefined : canonicalNumber(literal);
}

function textKey(text: string): string | undefined {
  if (isLongerThan(text, MAX_KEY_LENGTH) && isLongerThan(cleanText(text), MAX_COMPOSED * MAX_KEY_LENGTH))
    return undefined;
  const key = canonicalText(text);
  return key === '' || isLongerThan(key, MAX_KEY_LENGTH) ? undefined : key;
}
