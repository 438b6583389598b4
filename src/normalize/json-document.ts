import { ExactNumber } from './exact-number.ts';
import { stringEnd } from './json-span.ts';
import { parseLenientJson } from './lenient-json.ts';

/** A parsed body whose numbers are exact. */
export interface JsonDocument {
  /** The text that was parsed, raw control characters in strings escaped. */
  readonly text: string;
  /** The object at the root; undefined when there is something else. Look at objects with {@link JsonDocument.member}. */
  readonly root: object | undefined;
  /**
   * A member of an object of this document, undefined when it is missing. A number is a JavaScript number when that is
   * exact (an integer of at most 15 digits), else an {@link ExactNumber}. Scalars inside an array may be tagged: in an
   * array only objects can be looked at.
   */
  member(of: object, name: string): unknown;
}

/** Matches when some number of the text may be other than an integer of at most 15 digits. */
const MAYBE_INEXACT = /[0-9](?:[.eE]|[0-9]{15})/;

/** Parses a body; throws a SyntaxError when it is not JSON. */
export function parseJsonDocument(body: string): JsonDocument {
  const { text, value } = parseLenientJson(body);
  if (!MAYBE_INEXACT.test(text)) return { text, root: asObject(value), member: plainMember };
  return { text, root: asObject(JSON.parse(tagScalars(text))), member: taggedMember };
}

function asObject(value: unknown): object | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
}

function plainMember(of: object, name: string): unknown {
  return Object.hasOwn(of, name) ? (of as Record<string, unknown>)[name] : undefined;
}

function taggedMember(of: object, name: string): unknown {
  return untag(plainMember(of, `${STRING_TAG}${name}`));
}

const STRING_TAG = 's';
const NUMBER_TAG = 'n';

/**
 * Turns each number `1.50` into the string `"n1.50"` and, so that no string can be taken for one, each string `"a"`
 * (names of members too) into `"sa"`. A reviver could see the literals as well, but it recurses: 5,000 open brackets
 * overflow the stack, and it is five times slower.
 */
function tagScalars(text: string): string {
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      parts.push(text.slice(copied, at + 1), STRING_TAG);
      copied = at + 1;
      at = stringEnd(text, at);
    } else if (startsNumber(code)) {
      const end = numberEnd(text, at);
      parts.push(text.slice(copied, at), `"${NUMBER_TAG}`, text.slice(at, end), '"');
      copied = end;
      at = end;
    } else {
      at += 1;
    }
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

function untag(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return value.startsWith(STRING_TAG) ? value.slice(1) : new ExactNumber(value.slice(1));
}

function startsNumber(code: number): boolean {
  return code === 0x2d || (code >= 0x30 && code <= 0x39);
}

function numberEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const isPart = startsNumber(code) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b;
    if (!isPart) return at;
    at += 1;
  }
  return at;
}
