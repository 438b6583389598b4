import type { JsonObject } from '../../normalize/exact-json.ts';
import { normalizeBody, normalizeParsed } from '../../normalize/normalize-body.ts';
import type { NormalizedAnswer } from '../../normalize/snapshot.ts';

/**
 * Remembers up to `maxRows` rows of answers; those that were not used for longest go first, half of
 * all at once. Default 40,000, some 5 MB: two batches of 1,000 accounts with 20 scenes each,
 * because one is read while the other is written. What goes is read again when it is needed.
 */
export function createAnswerCache(maxRows = 40_000): AnswerCache {
  let recent = new Map<string, NormalizedAnswer>();
  let older = recent;
  let rows = 0;

  function remember(payloadHash: string, answer: NormalizedAnswer): NormalizedAnswer {
    if (rows > 0 && rows + rowsOf(answer) > maxRows / 2) {
      older = recent;
      recent = new Map();
      rows = 0;
    }
    recent.set(payloadHash, answer);
    rows += rowsOf(answer);
    return answer;
  }

  function get(payloadHash: string): NormalizedAnswer | undefined {
    const answer = recent.get(payloadHash);
    if (answer !== undefined) return answer;
    const used = older.get(payloadHash);
    return used === undefined ? undefined : remember(payloadHash, used);
  }

  return {
    get,
    normalize: (payloadHash, body, parsed) =>
      get(payloadHash) ??
      remember(payloadHash, parsed === undefined ? normalizeBody(body) : normalizeParsed(parsed, body)),
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
