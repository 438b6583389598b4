import { isUtf8 } from 'node:buffer';
import { didYouMean } from '../../did-you-mean.ts';
import { problemOfAppId } from '../../dimension/app-id.ts';
import type { Observation, RecordedDecision } from '../../dimension/observation.ts';
import type { ScenedimError } from '../../errors.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import type { Payload } from '../../load/loader.ts';
import { isJsonObject, type JsonObject, parseExactJson } from '../../normalize/exact-json.ts';
import { hashPayload } from '../log/hash-payload.ts';
import { findRepeatedField } from './find-repeated-field.ts';
import { KnownBodies } from './known-bodies.ts';
import { readDecision } from './recorded-decision.ts';
import { badLine, fieldNames, instantField, type LineFields, textField } from './replay-field.ts';

/** The longest body that a line may bring; a fetched one has 1 MiB at most. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Room for any such body as {@link formatReplayLine} writes it: base64 is a third longer. */
export const MAX_LINE_BYTES = 24 * 1024 * 1024;

/**
 * Reads one line of replay input. Unknown fields are ignored, a field that is null counts as
 * missing, raw control characters inside strings are tolerated. Whether a body is a scene list is
 * judged later. Throws `bad_line` with the reason alone; the caller knows the file and the line
 * number. `bodies` remembers the bodies of earlier lines.
 */
export function parseReplayLine(line: string, bodies = new KnownBodies()): ReplayObservation {
  const known = bodies.find(line);
  if (known !== undefined) {
    const fields = parseRest(known.rest);
    if (fields !== undefined) return readFields(known.rest, fields, known.payload);
  }
  const fields = parseFields(line);
  return readFields(line, fields, readPayload(fields, bodies));
}

/** The fields beside a known body; undefined when they are not JSON, or hold a body, too. */
function parseRest(rest: string): LineFields | undefined {
  try {
    const fields: unknown = JSON.parse(rest);
    return isJsonObject(fields) && fields.body === undefined && fields.body_base64 === undefined ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** `text`: what the fields were parsed from. */
function readFields(text: string, fields: LineFields, payload: Payload | null): ReplayObservation {
  const repeated = findRepeatedField(text, fields);
  if (repeated !== null) throw badLine(`${repeated} is given twice`);
  const appId = appIdField(fields);
  const observedAt = instantField(fields, 'observed_at');
  if (observedAt === null) throw badLine('observed_at is missing');
  const recorded = readDecision(fields, payload !== null);
  if (payload === null && recorded === null) throw badLine(`body is missing${misspeltBody(fields)}`);
  const parsed = isJsonObject(fields.body) ? fields.body : undefined;
  return { appId, observedAt, payload, parsed, recorded };
}

export interface ReplayObservation {
  readonly appId: string;
  readonly observedAt: Micros;
  /** Null only for a recorded failure. */
  readonly payload: Payload | null;
  /** The body, where it stands in the line as an object that had to be parsed. */
  readonly parsed: JsonObject | undefined;
  /** The decision stored with it; null when the observation is still to be judged. */
  readonly recorded: RecordedDecision | null;
}

/**
 * Writes one line of replay input, without a newline, that {@link parseReplayLine} reads back
 * exactly. Fields that are null are left out. The body is its raw text, or base64 when it is not
 * UTF-8 or its escaped text would be too long for a line; null when the observation failed.
 */
export function formatReplayLine(observation: Observation, body: Uint8Array | null): string {
  return JSON.stringify({
    app_id: observation.appId,
    observed_at: formatInstant(observation.observedAt),
    status: observation.status,
    hold_reason: observation.holdReason ?? undefined,
    decided_at: observation.decidedAt === null ? undefined : formatInstant(observation.decidedAt),
    decision_note: observation.decisionNote ?? undefined,
    error_code: observation.errorCode ?? undefined,
    error_message: observation.errorMessage ?? undefined,
    ...formatBody(body),
  });
}

function parseFields(line: string): LineFields {
  let fields: unknown;
  try {
    fields = parseExactJson(line);
  } catch (error) {
    throw error instanceof RangeError ? tooDeep() : badLine(syntaxReason(line, error));
  }
  if (!isJsonObject(fields)) throw badLine('the line is not a JSON object');
  return fields;
}

// The message of JSON.parse quotes the line, so only the offset is taken from it; escaping would
// have shifted that.
function syntaxReason(line: string, error: unknown): string {
  const message = String(error);
  const offset = /at position (\d+)/.exec(message)?.[1];
  const position = offset === undefined || /\p{Cc}/u.test(line) ? undefined : Number(offset);
  if (/Unexpected end|Unterminated/.test(message) || position === line.length)
    return 'the line is JSON that is cut off';
  return position === undefined ? 'the line is not JSON' : `the line is not JSON from character ${position + 1} on`;
}

function appIdField(fields: LineFields): string {
  const appId = textField(fields, 'app_id');
  if (appId === null) throw badLine('app_id is missing');
  const problem = problemOfAppId(appId);
  if (problem !== undefined) throw badLine(`app_id ${problem}`);
  return appId;
}

function readPayload(fields: LineFields, bodies: KnownBodies): Payload | null {
  const body = fields.body ?? null;
  const base64 = textField(fields, 'body_base64');
  if (body !== null && base64 !== null) throw badLine('body and body_base64 exclude each other');
  if (base64 !== null) return payloadOf(decodeBase64(base64));
  if (body === null) return null;
  if (typeof body !== 'string' && !isJsonObject(body)) throw badLine('body must be a string or an object');
  const text = typeof body === 'string' ? body : compactBody(body);
  const payload = payloadOf(encode(text));
  bodies.remember(typeof body === 'string' ? JSON.stringify(body) : text, payload);
  return payload;
}

/** In the pool of Buffer: with a buffer of its own, a body of 300 bytes takes 700. */
function encode(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function payloadOf(body: Uint8Array): Payload {
  if (body.byteLength > MAX_BODY_BYTES) {
    throw badLine(`the body has ${body.byteLength} bytes, more than ${MAX_BODY_BYTES}`);
  }
  return { payloadHash: hashPayload(body), body };
}

/**
 * The compact text of a `body` that stands in the line as an object: number literals as they were
 * written.
 */
function compactBody(body: JsonObject): string {
  try {
    return JSON.stringify(body);
  } catch {
    throw tooDeep();
  }
}

function tooDeep(): ScenedimError {
  return badLine('the line is nested too deeply: put the answer into a string');
}

/**
 * `; did you mean body for bdy?` when an unknown field is close to it. Longer names are something
 * else.
 */
function misspeltBody(fields: LineFields): string {
  for (const name of Object.keys(fields)) {
    if (name.length > 16 || fieldNames.includes(name)) continue;
    const meant = didYouMean(name, fieldNames);
    if (meant === 'body' || meant === 'body_base64') return `; did you mean ${meant} for ${name}?`;
  }
  return '';
}

function decodeBase64(base64: string): Uint8Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw badLine('body_base64 is not strict base64 (RFC 4648, with padding)');
  return new Uint8Array(bytes);
}

function formatBody(body: Uint8Array | null): { readonly body?: string; readonly body_base64?: string } {
  if (body === null) return {};
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = isUtf8(bytes) ? bytes.toString('utf8') : null;
  return text === null || isTooLongEscaped(text) ? { body_base64: bytes.toString('base64') } : { body: text };
}

/** An escaped character takes at most six bytes. */
function isTooLongEscaped(text: string): boolean {
  return text.length * 6 > MAX_BODY_BYTES && Buffer.byteLength(JSON.stringify(text)) > MAX_BODY_BYTES;
}
