import { canonicalNumber } from './canonical-number.ts';
import { type JsonObject, numberLiteral } from './exact-json.ts';
import { saidText } from './said-text.ts';
import type { AnswerFailure } from './snapshot.ts';

const MAX_MESSAGE_LENGTH = 1000;
const INTEGER = /^-?(?:0|[1-9][0-9]*)$/;

/**
 * Reads `errcode`, `errmsg` and `rid` of an answer: undefined when it reports success (`errcode`
 * absent or 0). A cloud call spells them `errCode` and `errMsg`. The text `"0"` counts as 0, as the
 * text `"1"` is the key 1: this API sends numbers in both forms, and taking a good list for a
 * failure would lose it.
 */
export function readRefusal(answer: JsonObject): Refusal | undefined {
  const { errCode, errMsg, errcode = errCode, errmsg = errMsg, rid } = answer;
  if (errcode === undefined) return undefined;
  const code = integerText(errcode);
  return code === '0' ? undefined : { code, errmsg: typeof errmsg === 'string' ? errmsg : '', rid };
}

/** What WeChat says instead of an answer. */
export interface Refusal {
  /** `errcode` as text; null when it is no integer of at most 100 digits. */
  readonly code: string | null;
  /** Empty when there is none. Not redacted. */
  readonly errmsg: string;
  /** The request id when it is a member of its own; not checked yet. */
  readonly rid: unknown;
}

/** The failure that a refusal is: WeChat's code, or a malformed answer when none can be read. */
export function refusedAnswer({ code, errmsg, rid }: Refusal): AnswerFailure {
  if (code === null) return malformedAnswer('errcode is no integer of at most 100 digits', errmsg, rid);
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
export function encryptedAnswer({ iv, data, authtag }: JsonObject): AnswerFailure | undefined {
  if (![iv, data, authtag].every((value) => typeof value === 'string')) return undefined;
  return malformedAnswer('the answer is encrypted, since the API security of the account is on at mp.weixin.qq.com');
}

/** Not JSON at all: a proxy's error page, a cut-off answer, nothing. */
export function invalidJson(text: string): AnswerFailure {
  const start = [...text.slice(0, 120)].slice(0, 60).join('');
  const message = text.trim() === '' ? 'the body is empty' : `the body is not JSON; it starts with: ${start}`;
  return { kind: 'failure', code: 'invalid_json', message: cutMessage(message) };
}

function integerText(errcode: unknown): string | null {
  const literal = typeof errcode === 'string' && INTEGER.test(errcode) ? errcode : numberLiteral(errcode);
  const text = literal === undefined ? undefined : canonicalNumber(literal);
  return text !== undefined && INTEGER.test(text) ? text : null;
}

// U+0000 and half surrogate pairs are what a text column cannot hold.
function cutMessage(message: string): string {
  const head = [...message.slice(0, 2 * MAX_MESSAGE_LENGTH)].slice(0, MAX_MESSAGE_LENGTH).join('');
  return head.toWellFormed().replaceAll('\0', '\ufffd');
}
