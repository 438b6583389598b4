/** A number that needs more digits than this in its exact decimal text is no key and no error code. */
export const MAX_NUMBER_DIGITS = 100;

/**
 * The exact decimal text of a JSON number literal of any length: no exponent, no trailing zeros,
 * `0` for every zero. Undefined when that text has more than {@link MAX_NUMBER_DIGITS} digits,
 * which is found out without writing it.
 */
export function canonicalNumber(literal: string): string | undefined {
  const sign = literal.startsWith('-') ? '-' : '';
  const exponentAt = literal.search(/[eE]/);
  const mantissa = literal.slice(sign.length, exponentAt === -1 ? undefined : exponentAt);
  const pointAt = mantissa.indexOf('.');
  const written = pointAt === -1 ? mantissa : mantissa.slice(0, pointAt) + mantissa.slice(pointAt + 1);
  const first = leadingZeros(written);
  if (first === written.length) return '0';

  const end = written.length - trailingZeros(written);
  const digits = written.slice(first, end);
  // A literal has far fewer than 2^53 digits, so an exponent that is no longer exact as a number is
  // out of reach anyway.
  const exponent = exponentAt === -1 ? 0 : Number(literal.slice(exponentAt + 1));
  const integerDigits = (pointAt === -1 ? written.length : pointAt) - first + exponent;
  const fractionDigits = digits.length - integerDigits;

  if (digits.length > MAX_NUMBER_DIGITS) return undefined;
  if (Math.max(integerDigits, 1) + Math.max(fractionDigits, 0) > MAX_NUMBER_DIGITS) return undefined;
  if (fractionDigits <= 0) return sign + digits + '0'.repeat(-fractionDigits);
  if (integerDigits > 0) return `${sign}${digits.slice(0, integerDigits)}.${digits.slice(integerDigits)}`;
  return `${sign}0.${'0'.repeat(-integerDigits)}${digits}`;
}

function leadingZeros(digits: string): number {
  let count = 0;
  while (count < digits.length && digits.charCodeAt(count) === 0x30) count += 1;
  return count;
}

// A loop: /0+$/ tries again at every zero, which takes minutes on a million of them.
function trailingZeros(digits: string): number {
  let count = 0;
  while (count < digits.length && digits.charCodeAt(digits.length - 1 - count) === 0x30) count += 1;
  return count;
}
