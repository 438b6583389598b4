import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../../../../src/dimension/observation.ts';
import { ScenedimError } from '../../../../src/errors.ts';
import { requireInstant } from '../../../../src/instant.ts';
import { formatReplayLine, parseReplayLine } from '../../../../src/pipeline/replay-lines/replay-line.ts';

const observedAt = requireInstant('2026-01-02T00:00:00Z', 'test');

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function payload(text: string) {
  const body = bytes(text);
  return { payloadHash: createHash('sha256').update(body).digest('hex'), body };
}

/** A line of a good head and the members given as they are written. */
function line(...members: string[]): string {
  return `{${['"app_id":"x","observed_at":"2026-01-02T00:00:00Z"', ...members].join(',')}}`;
}

function payloadOf(text: string): string | undefined {
  const { payload } = parseReplayLine(text);
  return payload === null ? undefined : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload.body);
}

function reasonOf(text: string): unknown {
  try {
    return parseReplayLine(text);
  } catch (error) {
    return error instanceof ScenedimError && error.code === 'bad_line' ? error.message : error;
  }
}

describe('a line without a body', () => {
  test.each([
    ['"bdy":"{}"', 'body is missing; did you mean body for bdy?'],
    ['"body_base46":"e30="', 'body is missing; did you mean body_base64 for body_base46?'],
    ['"payload":"{}"', 'body is missing'],
    ['"body":null,"status":null', 'body is missing'],
  ])('and with %s: %s', (member, reason) => {
    expect(reasonOf(line(member))).toBe(reason);
  });
});

describe('a line', () => {
  test('is an observation whose body is still to be judged', () => {
    expect(parseReplayLine(line('"body":"{}"'))).toEqual({
      appId: 'x',
      observedAt,
      payload: payload('{}'),
      recorded: null,
    });
  });

  test('may hold fields that nobody knows, in any order, and nulls for fields that are missing', () => {
    const text =
      '{"body_base64":null,"status":null,"body":"{}","extra":{"body":1},"observed_at":"2026-01-02T08:00:00.0+08:00","app_id":"x"}';
    expect(parseReplayLine(text)).toEqual({ appId: 'x', observedAt, payload: payload('{}'), recorded: null });
  });

  test('may hold raw control characters inside strings', () => {
    expect(payloadOf(line('"body":"a\tb"'))).toBe('a\tb');
    expect(payloadOf(line('"body":{"a":"b\tc"}'))).toBe('{"a":"b\\tc"}');
    expect(payloadOf(line('"body":{ "a\u0001":"b\tc\\n"}'))).toBe('{"a\\u0001":"b\\tc\\n"}');
  });

  test.each([
    ['app_id of 128 characters', '🚀'.repeat(128)],
    ['app_id with spaces', ' a b '],
    ['app_id that holds an asterisk', '**'],
  ])('may have an %s', (_, appId) => {
    expect(
      parseReplayLine(JSON.stringify({ app_id: appId, observed_at: '2026-01-02T00:00:00Z', body: '' })).appId,
    ).toBe(appId);
  });

  test('has an observed_at whose digits beyond microseconds are cut', () => {
    const text = '{"app_id":"x","observed_at":"2026-01-02T00:00:00.000001999Z","body":""}';
    expect(parseReplayLine(text).observedAt).toBe(observedAt + 1n);
  });

  test.each([
    ['{"app_id": "x", "observed_at": "2026-01-03T00', 'the line is JSON that is cut off'],
    ['{"app_id":"x"', 'the line is JSON that is cut off'],
    ['', 'the line is JSON that is cut off'],
    ['{"app_id":"a\tb",}', 'the line is not JSON'],
    ['hello', 'the line is not JSON'],
    ['{"app_id":"x",}', 'the line is not JSON from character 15 on'],
    ['[]', 'the line is not a JSON object'],
    ['null', 'the line is not a JSON object'],
    ['{}', 'app_id is missing'],
    ['{"app_id":null}', 'app_id is missing'],
    ['{"app_id":1}', 'app_id must be a string'],
    ['{"app_id":""}', 'app_id must be 1 to 128 characters without control characters'],
    [`{"app_id":"${'x'.repeat(129)}"}`, 'app_id must be 1 to 128 characters without control characters'],
    ['{"app_id":"a\\nb"}', 'app_id must be 1 to 128 characters without control characters'],
    ['{"app_id":"a\\u0085b"}', 'app_id must be 1 to 128 characters without control characters'],
    ['{"app_id":"a\\u0000b"}', 'app_id holds U+0000'],
    ['{"app_id":"a\\ud800b"}', 'app_id holds half of a surrogate pair'],
    ['{"app_id":"*"}', 'app_id "*" is reserved'],
    ['{"app_id":"x"}', 'observed_at is missing'],
    ['{"app_id":"x","observed_at":1767312000}', 'observed_at must be a string'],
    ...['yesterday', '2026-01-02', '2026-01-02T00:00:00', '2026-02-30T00:00:00Z', ' 2026-01-02T00:00:00Z'].map(
      (text) => [
        `{"app_id":"x","observed_at":"${text}"}`,
        'observed_at is not an RFC 3339 time with an offset, like 2026-03-01T00:00:00Z',
      ],
    ),
    ['{"app_id":"x","observed_at":"1969-12-31T23:59:59Z"}', 'observed_at must lie between 1970 and 9999-12-31'],
    ['{"app_id":"x","observed_at":"9999-12-31T00:00:00Z"}', 'observed_at must lie between 1970 and 9999-12-31'],
    [line(), 'body is missing'],
    [line('"body":null'), 'body is missing'],
    [line('"body":7'), 'body must be a string or an object'],
    [line('"body":true'), 'body must be a string or an object'],
    [line('"body":[]'), 'body must be a string or an object'],
    [line('"body":"{}","body_base64":"e30="'), 'body and body_base64 exclude each other'],
    [line('"body_base64":{}'), 'body_base64 must be a string'],
    ...['e30', 'e30==', 'e3 0=', 'e30=\\n', 'e31=', '_w==', '?'].map((text) => [
      line(`"body_base64":"${text}"`),
      'body_base64 is not strict base64 (RFC 4648, with padding)',
    ]),
  ])('like %s is bad: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });
});

describe('a body', () => {
  test.each([
    ['', '""'],
    ['\ufeff{}', '"\\ufeff{}"'],
    ['{"name":"half \\ud83d"}', '"{\\"name\\":\\"half \\\\ud83d\\"}"'],
    ['half \ufffd', '"half \\ud83d"'],
  ])('is %j when the line holds the text %s', (payload, written) => {
    expect(payloadOf(line(`"body":${written}`))).toBe(payload);
  });

  test('is the decoded bytes of base64', () => {
    expect(parseReplayLine(line('"body_base64":"/wD+"')).payload?.body).toEqual(Uint8Array.of(0xff, 0x00, 0xfe));
    expect(parseReplayLine(line('"body_base64":""')).payload?.body).toEqual(new Uint8Array());
  });

  test.each([
    ['{}', '{}'],
    ['{"errcode":0,"scene":[{"name":"搜索","value":1}]}', '{"errcode":0,"scene":[{"name":"搜索","value":1}]}'],
    [' { "a" : [ 1 , { } ] } ', '{"a":[1,{}]}'],
    ['{"a":1.0,"b":-0,"c":1E+2,"d":12345678901234567890}', '{"a":1.0,"b":-0,"c":1E+2,"d":12345678901234567890}'],
    ['{"b":1,"10":2,"2":3,"b":4}', '{"2":3,"10":2,"b":4}'],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}'],
    ['{"a":"\\u0041\\/\\ud83d\\ude80\\ud800"}', '{"a":"A/🚀\\ud800"}'],
    ['{"toJSON":"x"}', '{"toJSON":"x"}'],
    ['{"body":{"body":1}}', '{"body":{"body":1}}'],
  ])('that stands in the line as the object %s has the payload %s', (written, payload) => {
    expect(payloadOf(line(`"body":${written}`))).toBe(payload);
    expect(payloadOf(line(`"body" : ${written} `, '"extra":1'))).toBe(payload);
  });

  test('is the one that JSON.parse takes, whatever looks like it elsewhere', () => {
    const real = '"body" :{"a":1.0}';
    expect(payloadOf(line('"z":{"body":{"a":1}}', real))).toBe('{"a":1.0}');
    expect(payloadOf(line('"x\\"body":{"a":1}', real))).toBe('{"a":1.0}');
    expect(payloadOf(line('"\\u0062ody":{"a":1.0}'))).toBe('{"a":1.0}');
    expect(payloadOf(line('"z":",\\"body\\":{\\"a\\":1}"', real))).toBe('{"a":1.0}');
  });

  test('may be nested deeper than any stack as a text only', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(payloadOf(line(`"body":${JSON.stringify(deep)}`))).toBe(deep);
    const reason = 'the line is nested too deeply: put the answer into a string';
    expect(reasonOf(line(`"body":${deep}`))).toBe(reason);
    expect(reasonOf(line('"n":1.0', `"body":${deep}`))).toBe(reason);
  });
});

describe('a recorded decision', () => {
  const none = { holdReason: null, decidedAt: null, decisionNote: null, errorCode: null, errorMessage: null };
  const body = '"body":"{}"';

  test.each([
    [line(body, '"status":"ok"'), { ...none, status: 'ok' }],
    [
      line(body, '"status":"ok"', '"hold_reason":"shrink"', '"decided_at":"2026-01-03T00:00:00Z"'),
      { ...none, status: 'ok', holdReason: 'shrink', decidedAt: requireInstant('2026-01-03T00:00:00Z', 'test') },
    ],
    [line(body, '"status":"held"', '"hold_reason":"empty"'), { ...none, status: 'held', holdReason: 'empty' }],
    [
      line(body, '"status":"held"', '"hold_reason":"manual"', '"decided_at":"2026-01-03T00:00:00Z"'),
      { ...none, status: 'held', holdReason: 'manual', decidedAt: requireInstant('2026-01-03T00:00:00Z', 'test') },
    ],
    [line(body, '"status":"failed"'), { ...none, status: 'failed' }],
    [line('"status":"failed"', '"error_code":"-1"'), { ...none, status: 'failed', errorCode: '-1' }],
    [
      line('"status":"failed"', '"error_code":"network"', '"error_message":"no\\nroute"', '"hold_reason":null'),
      { ...none, status: 'failed', errorCode: 'network', errorMessage: 'no\nroute' },
    ],
  ])('is read from %s', (text, recorded) => {
    expect(parseReplayLine(text).recorded).toEqual(recorded);
  });

  test.each([
    [line(body, '"hold_reason":"empty"'), 'hold_reason is given without status'],
    [line(body, '"decided_at":"2026-01-03T00:00:00Z"'), 'decided_at is given without status'],
    [line('"error_code":"-1"'), 'error_code is given without status'],
    [line(body, '"error_message":"x"'), 'error_message is given without status'],
    [line(body, '"status":"OK"'), 'status must be one of ok, held, failed, not "OK"'],
    [line(body, '"status":1'), 'status must be a string'],
    [line('"status":"ok"'), 'body is missing: status ok needs it'],
    [line('"status":"held"', '"hold_reason":"empty"'), 'body is missing: status held needs it'],
    [line(body, '"status":"held"'), 'hold_reason is missing: status held needs it'],
    [
      line(body, '"status":"held"', '"hold_reason":"why"'),
      'hold_reason must be one of empty, shrink, manual, not "why"',
    ],
    [line(body, '"status":"held"', '"hold_reason":["empty"]'), 'hold_reason must be a string'],
    [
      line(body, '"status":"ok"', '"decided_at":"2026-01-03"'),
      'decided_at is not an RFC 3339 time with an offset, like 2026-03-01T00:00:00Z',
    ],
    [
      line(body, '"status":"ok"', '"decided_at":"0000-01-01T00:00:00Z"'),
      'decided_at must lie between 1970 and 9999-12-31',
    ],
    [line(body, '"status":"ok"', '"error_code":"-1"'), 'error_code does not go with status ok'],
    [
      line(body, '"status":"held"', '"hold_reason":"empty"', '"error_message":"x"'),
      'error_message does not go with status held',
    ],
    [line('"status":"failed"'), 'error_code is missing: status failed needs it, or a body that tells it'],
    [line('"status":"failed"', '"error_code":-1'), 'error_code must be a string'],
    [line('"status":"failed"', '"error_code":""'), 'error_code must be 1 to 128 characters without control characters'],
    [line('"status":"failed"', '"error_code":"-1"', '"error_message":"\\u0000"'), 'error_message holds U+0000'],
    [
      line(body, '"status":"ok"', '"decided_at":"2026-01-03T00:00:00Z"', `"decision_note":"${'x'.repeat(1_048_577)}"`),
      'decision_note has 1048577 characters, more than 1048576',
    ],
    [line(body, '"status":"failed"', '"hold_reason":"empty"'), 'hold_reason does not go with status failed'],
    [
      line(body, '"status":"failed"', '"decided_at":"2026-01-03T00:00:00Z"'),
      'decided_at does not go with status failed',
    ],
  ])('as in %s is bad: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });
});

describe('a written line', () => {
  const ok: Observation = {
    appId: 'wx1',
    observedAt,
    status: 'ok',
    payloadHash: 'abc',
    errorCode: null,
    errorMessage: null,
    holdReason: null,
    decidedAt: null,
    decisionNote: null,
    runId: 'run',
  };

  test.each<[Observation, Uint8Array | null, string]>([
    [
      ok,
      bytes('{"a":"搜"}'),
      '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00.000000Z","status":"ok","body":"{\\"a\\":\\"搜\\"}"}',
    ],
    [ok, bytes('\ufeff'), '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00.000000Z","status":"ok","body":"\ufeff"}'],
    [
      ok,
      Uint8Array.of(0xff),
      '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00.000000Z","status":"ok","body_base64":"/w=="}',
    ],
    [
      { ...ok, status: 'held', holdReason: 'manual', decidedAt: observedAt + 1n, decisionNote: null },
      bytes(''),
      '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00.000000Z","status":"held","hold_reason":"manual","decided_at":"2026-01-02T00:00:00.000001Z","body":""}',
    ],
    [
      { ...ok, status: 'failed', payloadHash: null, errorCode: '40001', errorMessage: 'no "way"' },
      null,
      '{"app_id":"wx1","observed_at":"2026-01-02T00:00:00.000000Z","status":"failed","error_code":"40001","error_message":"no \\"way\\""}',
    ],
  ])('has its fields in one order, without nulls (%#)', (observation, body, expected) => {
    expect(formatReplayLine(observation, body)).toBe(expected);
  });
});
