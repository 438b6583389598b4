import { describe, expect, test } from 'vitest';
import { ScenedimError } from '../../../../src/errors.ts';
import type { Loader } from '../../../../src/load/loader.ts';
import { databaseLimits } from '../../../../src/load/loader-limits.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { type Batch, OVERSIZE_FACTOR } from '../../../../src/pipeline/batch/batch.ts';
import { replay } from '../../../../src/pipeline/replay.ts';
import { createBatchWriter } from '../../../../src/pipeline/run/batch-writer.ts';
import type { Run } from '../../../../src/pipeline/run/run.ts';
import { contextFor, inputOf, readExport } from '../../../support/run-case.ts';

const line = (account: number, day: number, ...names: readonly string[]) =>
  JSON.stringify({
    app_id: `wx${account}`,
    observed_at: `2026-01-0${day}T00:00:00Z`,
    body: { errcode: 0, scene: names.map((name, n) => ({ name, value: n })) },
  });

/** A target whose writes take long, with what is done to it. By default each account is a batch. */
function stage(changed: Partial<Loader> = {}) {
  const { readsBesideApply: _, ...memory } = createMemoryLoader();
  const events: string[] = [];
  const loader: Loader = {
    ...memory,
    limits: { ...databaseLimits, batchAccounts: 1 },
    async *readHeads(query, signal) {
      events.push(`plan ${query.appIds?.join(' ')}`);
      yield* memory.readHeads(query, signal);
    },
    async apply(changes, signal) {
      const what = changes.heads.map(({ head }) => head.appId).join(' ') || 'end';
      events.push(`write ${what}`);
      await untilOthersHaveStopped();
      await (changed.apply ?? memory.apply)(changes, signal);
      events.push(`wrote ${what}`);
    },
  };
  const { apply: _apply, ...rest } = changed;
  const context = contextFor({ ...loader, ...rest }, { dimension: {}, guards: { empty: 'accept', maxShrink: 1 } });
  const run = (...lines: readonly string[]) => replay(context, { input: inputOf(lines), name: 'log.ndjson' });
  return { run, events, memory };
}

async function untilOthersHaveStopped(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

const beside = { readsBesideApply: (): boolean => true };
const three = [1, 2, 3].map((account) => line(account, 1, 'a', 'b'));

describe('batches', () => {
  test('are planned while the one before is written, and written in order', async () => {
    const { run, events } = stage(beside);
    expect((await run(...three)).exitCode).toBe(0);
    const written = ['wx1', 'wx2', 'wx3', 'end'].flatMap((what) => [`write ${what}`, `wrote ${what}`]);
    expect(events.filter((event) => !event.startsWith('plan'))).toEqual(written);
    expect(events.indexOf('plan wx2')).toBeLessThan(events.indexOf('wrote wx1'));
    expect(events.indexOf('plan wx3')).toBeLessThan(events.indexOf('wrote wx2'));
    // Two wait for the target at most.
    expect(events.indexOf('plan wx3')).toBeGreaterThan(events.indexOf('wrote wx1'));
  });

  test.each([
    ['does not say so', {}],
    ['says no', { readsBesideApply: (): boolean => false }],
    ['would, and their bodies are large', { ...beside, limits: { ...databaseLimits, batchBodyBytes: 1 } }],
  ])('are planned in turn where the target does not read beside a write: it %s', async (_, changed) => {
    const { run, events } = stage(changed);
    expect((await run(...three)).exitCode).toBe(0);
    const inTurn = [1, 2, 3].flatMap((n) => [`plan wx${n}`, `write wx${n}`, `wrote wx${n}`]);
    expect(events).toEqual([...inTurn, 'write end', 'wrote end']);
  });

  test('that share an account are planned in turn', async () => {
    const { run, events, memory } = stage({ ...beside, limits: { ...databaseLimits, batchObservations: 1 } });
    const days = Array.from({ length: OVERSIZE_FACTOR + 1 }, (_, n) => line(1, n + 1, 'a', `b${n}`));
    expect((await run(...days)).exitCode).toBe(0);
    const once = ['plan wx1', 'write wx1', 'wrote wx1'];
    expect(events).toEqual([...once, ...once, 'write end', 'wrote end']);
    expect(await readExport(memory)).toContain(`"scene_name":"b${OVERSIZE_FACTOR}"`);
  });

  test('behind one that cannot be written are not written, and its error is the error', async () => {
    const refusal = new ScenedimError('data_refused', 'the first batch is refused');
    const { run, events, memory } = stage({
      ...beside,
      async apply(changes, signal) {
        if (changes.heads.length > 0) throw refusal;
        await memory.apply(changes, signal);
      },
    });
    await expect(run(...three)).rejects.toBe(refusal);
    expect(events).toContain('plan wx2');
    expect(events.filter((event) => event.startsWith('wr'))).toEqual(['write wx1', 'write end', 'wrote end']);
    expect(await readExport(memory)).toBe('');
  });

  test('with a line that the target refuses are not written, and the end waits for the one before', async () => {
    const { run, events, memory } = stage(beside);
    await run(line(2, 1, 'a'));
    events.length = 0;
    const { exitCode, error } = await run(line(1, 1, 'a'), line(2, 1, 'not a'));
    expect([exitCode, error?.message]).toEqual([65, expect.stringMatching(/^log\.ndjson:2: another answer/)]);
    expect(events.indexOf('plan wx2')).toBeLessThan(events.indexOf('wrote wx1'));
    expect(events.indexOf('wrote wx1')).toBeLessThan(events.indexOf('write end'));
    expect((await readExport(memory)).match(/"app_id":"wx\d"/g)).toEqual(['"app_id":"wx1"', '"app_id":"wx2"']);
  });

  test('behind one that stays out of date are not planned again', async () => {
    const stale = new ScenedimError('stale_heads', 'somebody else changed the account');
    const { run, events } = stage({
      ...beside,
      apply: (changes) => (changes.heads.length > 0 ? Promise.reject(stale) : Promise.resolve()),
    });
    await expect(run(...three)).rejects.toBe(stale);
    expect(events.filter((event) => event === 'plan wx1')).toHaveLength(3);
    expect(events.filter((event) => event === 'plan wx2')).toHaveLength(1);
  });

  test('end only when nothing is under way, also behind a failure', async () => {
    const failure = new ScenedimError('data_refused', 'the first batch is refused');
    const planning = Promise.withResolvers<never>();
    const commits = [() => Promise.reject(failure), () => planning.promise];
    const commit = () => commits.shift()?.() ?? Promise.reject(new TypeError('a third batch was begun'));
    const loader = { ...beside, limits: databaseLimits };
    const run = { context: { loader }, commit } as unknown as Run;
    const writer = createBatchWriter(run, new AbortController());
    const batchOf = (appId: string): Batch => ({
      accounts: new Map([[appId, []]]),
      failures: new Map(),
      payloads: new Map(),
    });
    const events: string[] = [];
    await writer.write(batchOf('wx1'));
    await writer.write(batchOf('wx2'));
    const ended = writer.write(batchOf('wx3')).catch((error: unknown) => events.push(`ended: ${error === failure}`));
    await untilOthersHaveStopped();
    events.push('planned');
    planning.reject(failure);
    await ended;
    expect(events).toEqual(['planned', 'ended: true']);
  });
});
