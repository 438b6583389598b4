import type { JsonObject } from '../../normalize/exact-json.ts';
import { normalizeBody, normalizeParsed } from '../../normalize/normalize-body.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';

/**
 * Remembers up to `maxRows` rows of answers; the least recently used go first. Default 40,000, some
 * 5 MB: two batches of 1,000 accounts with 20 scenes each, because one is read while the other is
 * written. What goes is read again when it is needed.
 */
export function createAnswerCache(maxRows = 40_000): AnswerCache {
  const answers = new Map<string, NormalizedAnswer>();
  // Goes on where it was: a new iterator would pass all places of answers that are gone.
  let oldest = answers.keys();
  let rows = 0;

  function forgetOldest(): void {
    const next = oldest.next();
    if (next.done === true) {
      oldest = answers.keys();
      return;
    }
    const answer = answers.get(next.value);
    if (answer === undefined) return;
    answers.delete(next.value);
    rows -= rowsOf(answer);
  }

  function get(payloadHash: string): NormalizedAnswer | undefined {
    const answer = answers.get(payloadHash);
    if (answer !== undefined) {
      answers.delete(payloadHash);
      answers.set(payloadHash, answer);
    }
    return answer;
  }

  return {
    get,
    normalize(payloadHash, body, parsed) {
      const known = get(payloadHash);
      if (known !== undefined) return known;
      const answer = parsed === undefined ? normalizeBody(body) : normalizeParsed(parsed, body);
      answers.set(payloadHash, answer);
      rows += rowsOf(answer);
      while (rows > maxRows) forgetOldest();
      return answer;
    },
  };
}

/**
 * What bodies say, remembered by their hash. Most bodies equal an earlier one, so each is
 * normalized once.
 */
export interface AnswerCache {
  /** `parsed`: the JSON value of `body`, when the caller has it already. */
  normalize(payloadHash: string, body: Uint8Array, parsed?: JsonObject): NormalizedAnswer;
  get(payloadHash: string): NormalizedAnswer | undefined;
}

function rowsOf(answer: NormalizedAnswer): number {
  return answer.kind === 'failure' ? 1 : 1 + answer.present.size + answer.unknown.size + answer.rejects.length;
}
