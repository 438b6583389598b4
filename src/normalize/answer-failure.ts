import { canonicalNumber } from './canonical-number.ts';
import { ExactNumber } from './exact-number.ts';
import type { JsonDocument } from './json-document.ts';
import { saidText } from './said-text.ts';
import type { AnswerFailure } from './snapshot.ts';

const MAX_MESSAGE_LENGTH = 1000;
const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;

/**
 * Reads `errcode` and `errmsg` of an answer: undefined when it reports success (`errcode` absent or 0).
 * A cloud call spells them `errCode` and `errMsg`. The text `"0"` counts as 0, as the text `"1"` is the key 1: this API sends numbers in both forms, and taking a good
 * list for a failure would lose it. A code that is no integer, or has more than 100 digits, is a malformed answer.
 */
export function readFailure(document: JsonDocument, envelope: object): AnswerFailure | undefined {
  const errcode = firstOf(document, envelope, 'errcode', 'errCode');
  if (errcode === undefined || errcode === 0) return undefined;
  const code = integerText(errcode);
  if (code === '0') return undefined;
  const errmsg = firstOf(document, envelope, 'errmsg', 'errMsg');
  const rid = document.member(envelope, 'rid');
  if (code === undefined) return malformedAnswer('errcode is no integer of at most 100 digits', errmsg, rid);
  const message = saidText(errmsg, rid, `WeChat answered errcode ${code} without errmsg`);
  return { kind: 'failure', code, message: cutMessage(message) };
}

/** JSON, but not an answer of `getSceneList`: `problem` says why, WeChat's `errmsg` and `rid` are kept behind it. */
export function malformedAnswer(problem: string, errmsg?: unknown, rid?: unknown): AnswerFailure {
  const said = typeof errmsg === 'string' && errmsg !== '' ? `${problem}; errmsg: ${errmsg}` : problem;
  return { kind: 'failure', code: 'malformed_response', message: cutMessage(saidText(said, rid, '')) };
}

/** True for a body that a proxy compressed, though it was asked for uncompressed. */
export function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

/** The answer of an account whose API security is on (`{"iv":…,"data":…,"authtag":…}`); undefined for another. */
export function encryptedAnswer(document: JsonDocument, envelope: object): AnswerFailure | undefined {
  const isEncrypted = ['iv', 'data', 'authtag'].every((name) => typeof document.member(envelope, name) === 'string');
  if (!isEncrypted) return undefined;
  return malformedAnswer('the answer is encrypted, since the API security of the account is on at mp.weixin.qq.com');
}

/** Not JSON at all: a proxy's error page, a cut-off answer, nothing. */
export function invalidJson(text: string): AnswerFailure {
  const start = [...text.slice(0, 120)].slice(0, 60).join('');
  const message = text.trim() === '' ? 'the body is empty' : `the body is not JSON; it starts with: ${start}`;
  return { kind: 'failure', code: 'invalid_json', message: cutMessage(message) };
}

/** The member of the first name, or of the second when there is no member of the first. */
function firstOf(document: JsonDocument, envelope: object, name: string, otherName: string): unknown {
  const value = document.member(envelope, name);
  return value === undefined ? document.member(envelope, otherName) : value;
}

function integerText(errcode: unknown): string | undefined {
  if (typeof errcode === 'number') return String(errcode);
  const text = errcode instanceof ExactNumber ? canonicalNumber(errcode.literal) : errcode;
  if (typeof text !== 'string' || !INTEGER.test(text)) return undefined;
  return canonicalNumber(text);
}

// U+0000 and half surrogate pairs are what a text column cannot hold.
function cutMessage(message: string): string {
  const head = [...message.slice(0, 2 * MAX_MESSAGE_LENGTH)].slice(0, MAX_MESSAGE_LENGTH).join('');
  return head.toWellFormed().replaceAll('\0', '\ufffd');
}
