import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holdReasons, type Observation } from '../../src/dimension/observation.ts';
import { isScenedimError } from '../../src/errors.ts';
import { requireInstant } from '../../src/instant.ts';
import { normalizeBody, normalizeParsed } from '../../src/normalize/normalize-body.ts';
import { hashPayload } from '../../src/pipeline/log/hash-payload.ts';
import { KnownBodies } from '../../src/pipeline/replay-lines/known-bodies.ts';
import { readLines } from '../../src/pipeline/replay-lines/read-lines.ts';
import { formatReplayLine, parseReplayLine } from '../../src/pipeline/replay-lines/replay-line.ts';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.info(`replay-line: FUZZ_SEED=${seed}`);
fc.configureGlobal({ seed, numRuns: 1000 });

const head = { observedAt: requireInstant('2026-01-02T00:00:00Z', 'test'), payloadHash: null, runId: 'run' };
const instant = fc.bigInt({ min: 0n, max: 4_000_000_000_000_000n });
const appId = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((text) => /^[^\p{Cc}]{1,128}$/u.test(text) && text !== '*');
const message = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', ''));
const body = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.string({ unit: 'binary' }).map((text) => new TextEncoder().encode(text)),
  fc.json().map((text) => new TextEncoder().encode(`\ufeff${text}`)),
);
const none = { errorCode: null, errorMessage: null, holdReason: null, decidedAt: null, decisionNote: null };
const decided = fc.oneof(
  fc.constant({ decidedAt: null, decisionNote: null }),
  fc.record({ decidedAt: instant, decisionNote: fc.option(message) }),
);
const judged = fc
  .tuple(
    fc.oneof(
      fc.record({ status: fc.constant('ok' as const), holdReason: fc.option(fc.constantFrom(...holdReasons)) }),
      fc.record({ status: fc.constant('held' as const), holdReason: fc.constantFrom(...holdReasons) }),
    ),
    decided,
  )
  .map(([status, decision]) => ({ ...status, ...decision }));
const failed = fc.record({
  status: fc.constant('failed' as const),
  errorCode: fc.constantFrom('-1', '40001', 'network', 'malformed_response'),
  errorMessage: fc.option(message),
});
const logged: fc.Arbitrary<{ observation: Observation; body: Uint8Array | null }> = fc
  .tuple(
    fc.record({ appId, observedAt: instant }),
    fc.oneof(fc.record({ decision: judged, body }), fc.record({ decision: failed, body: fc.constant(null) })),
  )
  .map(([key, { decision, body }]) => ({ observation: { ...head, ...none, ...key, ...decision }, body }));

test('a written line is read back exactly, and written again as the same bytes', () => {
  fc.assert(
    fc.property(logged, ({ observation, body }) => {
      const line = formatReplayLine(observation, body);
      const { appId, observedAt, status, holdReason, decidedAt, decisionNote, errorCode, errorMessage } = observation;
      const parsed = parseReplayLine(line);
      const payload = body === null ? null : { payloadHash: hashPayload(body), body };
      expect(parsed).toEqual({
        appId,
        observedAt,
        payload,
        recorded: { status, holdReason, decidedAt, decisionNote, errorCode, errorMessage },
      });
      const read = { ...head, appId, observedAt, ...(parsed.recorded ?? observation) };
      expect(formatReplayLine(read, parsed.payload?.body ?? null)).toBe(line);
    }),
  );
});

test('written lines survive a file cut into chunks anywhere', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(logged, { maxLength: 6 }), fc.integer({ min: 1, max: 64 }), async (entries, size) => {
      const lines = entries.map(({ observation, body }) => formatReplayLine(observation, body));
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      async function* chunks(): AsyncIterable<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const read: string[] = [];
      for await (const { line } of readLines(chunks(), { inputName: 'log' })) read.push(line);
      expect(read).toEqual(lines);
    }),
    { numRuns: 200 },
  );
});

test('the payload of an object body is its compact form, however the line is spaced', () => {
  const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(object, fc.constantFrom('', ' ', '\t'), fc.constantFrom(0, 1, 2), (text, space, indent) => {
      const written = JSON.stringify(JSON.parse(text), null, indent).replaceAll('\n', space);
      const line = `{"app_id":"x","observed_at":"2026-01-02T00:00:00Z","body":${space}${written}}`;
      const payload = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        parseReplayLine(line).payload?.body ?? new Uint8Array(),
      );
      expect(payload).toBe(JSON.stringify(JSON.parse(written)));
      expect(JSON.parse(payload)).toEqual(JSON.parse(written));
    }),
  );
});

const member = fc.tuple(
  fc.constantFrom('app_id', 'observed_at', 'body', 'body_base64', 'status', 'hold_reason', 'decided_at', 'error_code'),
  fc.oneof(
    fc.json(),
    fc.constantFrom('"x"', '"ok"', '"held"', '"failed"', '"empty"', '"2026-01-02T00:00:00Z"', 'null', '{}'),
  ),
);
const anyLine = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.array(member).map((members) => `{${members.map(([name, value]) => `"${name}":${value}`).join()}}`),
);

test('any line is an observation or a bad line with a reason', () => {
  fc.assert(
    fc.property(anyLine, (text) => {
      try {
        parseReplayLine(text);
      } catch (error) {
        if (!isScenedimError(error, 'bad_line')) throw error;
        expect(error.message).not.toBe('');
      }
    }),
    { numRuns: 5000 },
  );
});

test('a body that was parsed with its line says what its bytes say', () => {
  const row = fc.record({
    name: fc.oneof(fc.string(), fc.json()),
    value: fc.oneof(fc.json(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt()),
  });
  const text = fc.oneof(
    fc
      .array(row)
      .map(
        (rows) => `{"scene":[${rows.map(({ name, value }) => `{"name":${JSON.stringify(name)},"value":${value}}`)}]}`,
      ),
    fc
      .dictionary(fc.constantFrom('scene', 'errcode', 'errmsg', 'rid'), fc.json())
      .map((members) => `{${Object.entries(members).map(([name, value]) => `"${name}":${value}`)}}`),
  );
  fc.assert(
    fc.property(text, (body) => {
      const line = `{"app_id":"x","observed_at":"2026-01-02T00:00:00Z","body":${body}}`;
      fc.pre(typeof readOrReason(line) === 'object');
      const { payload, parsed } = parseReplayLine(line);
      if (payload === null || parsed === undefined) throw new Error('the line has a body');
      expect(normalizeParsed(parsed, payload.body)).toEqual(normalizeBody(payload.body));
    }),
  );
});

test('lines mean the same when bodies of earlier lines are known', () => {
  const bodies = fc.array(
    fc.oneof(
      fc.json(),
      fc.json().map((text) => JSON.stringify(text)),
    ),
    { minLength: 1, maxLength: 2 },
  );
  const members = fc.array(member, { maxLength: 3 });
  const repeated = fc
    .tuple(bodies, fc.array(fc.tuple(members, fc.nat(1), members), { minLength: 4 }))
    .map(([texts, lines]) =>
      lines.map(([before, chosen, after]) => {
        const all = [...before, ['body', texts[chosen % texts.length]], ...after];
        return `{"app_id":"x","observed_at":"2026-01-02T00:00:00Z",${all.map(([name, value]) => `"${name}":${value}`).join()}}`;
      }),
    );
  fc.assert(
    fc.property(fc.oneof(repeated, fc.array(anyLine)), (lines) => {
      const known = new KnownBodies();
      expect(lines.map((line) => readOrReason(line, known))).toEqual(lines.map((line) => readOrReason(line)));
    }),
    { numRuns: 3000 },
  );
});

function readOrReason(line: string, known?: KnownBodies): unknown {
  try {
    const { parsed: _, ...observation } = parseReplayLine(line, known);
    return observation;
  } catch (error) {
    if (!isScenedimError(error, 'bad_line')) throw error;
    return error.message;
  }
}
