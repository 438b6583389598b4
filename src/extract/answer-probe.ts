import { type Refusal, readRefusal } from '../normalize/answer-failure.ts';
import { isJsonObject, parseExactJson } from '../normalize/exact-json.ts';

const decoder = new TextDecoder('utf-8');

/**
 * Reads an answer, whatever its content type said: undefined when it is not JSON. Control
 * characters inside strings, which WeChat's answers hold at times, and bytes that are not UTF-8 are
 * tolerated. Never throws.
 */
export function probeAnswer(body: Uint8Array): AnswerProbe | undefined {
  try {
    const value = parseExactJson(decoder.decode(body));
    return { value, refusal: isJsonObject(value) ? readRefusal(value) : undefined };
  } catch {
    return undefined;
  }
}

/** What a client must know of an answer to decide on a retry. */
export interface AnswerProbe {
  /** The parsed answer. */
  readonly value: unknown;
  /** What WeChat says instead of an answer; undefined when the answer reports success. */
  readonly refusal: Refusal | undefined;
}
