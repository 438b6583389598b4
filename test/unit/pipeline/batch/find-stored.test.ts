import { expect, test } from 'vitest';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { contextFor, inputOf } from '../../../support/run-case.ts';

const body = (name: string) => JSON.stringify({ errcode: 0, scene: [{ name, value: 1 }] });
const line = (day: number, fields: object) =>
  JSON.stringify({ app_id: 'wx1', observed_at: `2026-01-0${day}T00:00:00Z`, ...fields });
const failed = (code: string) => ({ status: 'failed', error_code: code });
const log = [line(1, { body: body('A') }), line(2, failed('-1')), line(3, { body: body('B') })];

/** Replays the log, then the lines on a loader that counts readings of the whole log. */
async function replayAgain(lines: readonly string[]) {
  const loader = createMemoryLoader();
  const context = (target: typeof loader) => contextFor(target, { dimension: {}, guards: {} });
  await replay(context(loader), { input: inputOf(log), name: 'log' });
  let logReadings = 0;
  const counted: typeof loader = {
    ...loader,
    readObservations: (query, signal) => {
      if (query.since === undefined) logReadings += 1;
      return loader.readObservations(query, signal);
    },
  };
  const { report, error } = await replay(context(counted), { input: inputOf(lines), name: 'again' });
  return { observations: report.observations, versions: report.versions, error: error?.message ?? null, logReadings };
}

const nothing = { opened: 0, closed: 0, rewritten: 0, removed: 0 };

test('a file that is there already is known without its log', async () => {
  expect(await replayAgain(log)).toEqual({
    observations: { recorded: 0, duplicate: 3 },
    versions: nothing,
    error: null,
    logReadings: 0,
  });
});

test.each([
  ['a body that says the same in other words', [line(1, { body: `${body('A')} ` })], 1, null],
  ['a failure under another code', [line(2, failed('48001'))], 0, 'another answer of this account'],
  ['an answer where a failure is stored', [line(2, { body: body('A') })], 0, 'another answer of this account'],
  ['another answer', [line(3, { body: body('C') })], 0, 'another answer of this account'],
  ['a failure where an answer is stored', [line(3, failed('-1'))], 0, 'another answer of this account'],
])('the log decides about %s', async (_, lines, duplicate, message) => {
  const { observations, error, logReadings } = await replayAgain(lines);
  expect(observations).toEqual({ recorded: 0, duplicate });
  expect(error).toEqual(message === null ? null : expect.stringContaining(message));
  expect(logReadings).toBe(1);
});

test('a late line beside known ones is woven in', async () => {
  const { observations, versions } = await replayAgain([
    ...log.slice(0, 1),
    line(2, { body: body('C') }).replace('02T00', '02T12'),
  ]);
  expect(observations).toEqual({ recorded: 1, duplicate: 1 });
  expect(versions).toEqual({ opened: 1, closed: 0, rewritten: 1, removed: 0 });
});
