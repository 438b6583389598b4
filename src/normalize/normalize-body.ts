import { encryptedAnswer, invalidJson, isGzip, malformedAnswer, readFailure } from './answer-failure.ts';
import { type JsonDocument, parseJsonDocument } from './json-document.ts';
import { readSceneRows } from './scene-rows.ts';
import type { NormalizedAnswer } from './snapshot.ts';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * What the body of an answer says (DESIGN 3.1): a snapshot, or a failure when it is no scene list.
 * A pure function of the bytes that never throws: bytes that are no UTF-8 are read as U+FFFD, a byte order mark is skipped.
 */
export function normalizeBody(body: Uint8Array): NormalizedAnswer {
  if (isGzip(body)) return { kind: 'failure', code: 'invalid_json', message: 'the body is compressed (gzip)' };
  return normalizeText(utf8.decode(body));
}

/** Like {@link normalizeBody}, for a body that is decoded already. */
export function normalizeText(body: string): NormalizedAnswer {
  const text = body.startsWith('\ufeff') ? body.slice(1) : body;
  let document: JsonDocument;
  try {
    document = parseJsonDocument(text);
  } catch {
    return invalidJson(text);
  }
  const { root } = document;
  if (root === undefined) return malformedAnswer('the body is not a JSON object');
  const failure = readFailure(document, root);
  if (failure !== undefined) return failure;
  const scene = document.member(root, 'scene');
  if (Array.isArray(scene)) return readSceneRows(document, scene);
  const encrypted = encryptedAnswer(document, root);
  if (encrypted !== undefined) return encrypted;
  const problem = scene === undefined ? 'the answer has no scene list' : 'scene is not an array';
  return malformedAnswer(problem, document.member(root, 'errmsg'), document.member(root, 'rid'));
}
