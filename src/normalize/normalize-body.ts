import { encryptedAnswer, invalidJson, isGzip, malformedAnswer, readRefusal, refusedAnswer } from './answer-failure.ts';
import { isJsonObject, type JsonObject, parseExactJson } from './exact-json.ts';
import { readSceneRows } from './scene-rows.ts';
import type { NormalizedAnswer } from './snapshot.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * What the body of an answer says: a snapshot, or a failure when it is no scene list. A pure
 * function of the bytes that never throws: bytes that are no UTF-8 are read as U+FFFD, a byte order
 * mark is skipped.
 */
export function normalizeBody(body: Uint8Array): NormalizedAnswer {
  if (isGzip(body)) return { kind: 'failure', code: 'invalid_json', message: 'the body is compressed (gzip)' };
  return normalizeText(utf8.decode(body));
}

/** Like {@link normalizeBody}, for a body that is decoded already. */
export function normalizeText(body: string): NormalizedAnswer {
  const text = body.startsWith('\ufeff') ? body.slice(1) : body;
  try {
    return readAnswer(parseExactJson(text));
  } catch {
    // A SyntaxError, or a RangeError for what is nested too deeply.
    return invalidJson(text);
  }
}

/** The same for a body of which {@link parseExactJson} has made `parsed` already. */
export function normalizeParsed(parsed: JsonObject, body: Uint8Array): NormalizedAnswer {
  try {
    return readAnswer(parsed);
  } catch {
    return normalizeBody(body);
  }
}

function readAnswer(answer: unknown): NormalizedAnswer {
  if (!isJsonObject(answer)) return malformedAnswer('the body is not a JSON object');
  const refusal = readRefusal(answer);
  if (refusal !== undefined) return refusedAnswer(refusal);
  const { scene, errmsg, rid } = answer;
  if (Array.isArray(scene)) return readSceneRows(scene);
  const problem = scene === undefined ? 'the answer has no scene list' : 'scene is not an array';
  return encryptedAnswer(answer) ?? malformedAnswer(problem, errmsg, rid);
}
