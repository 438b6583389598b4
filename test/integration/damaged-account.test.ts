/** One account whose stored rows are damaged fails; the others go on, and each remedy leads back to a sound target. */
import { beforeEach, expect, test } from 'vitest';
import { requireInstant } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { accept, hold } from '../../src/pipeline/decide.ts';
import { planReplay } from '../../src/pipeline/dry-run.ts';
import { exportLog } from '../../src/pipeline/export-log.ts';
import { findShortened, rebuild } from '../../src/pipeline/rebuild.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';
import { createSharedPglite } from '../support/shared-pglite.ts';

const at = (day: number) => `2026-01-0${day}T00:00:00Z`;
const line = (appId: string, day: number, names: readonly string[]): string =>
  JSON.stringify({
    app_id: appId,
    observed_at: at(day),
    body: { errcode: 0, scene: names.map((name, index) => ({ name: `${appId} ${name}`, value: index })) },
  });
const settings = { dimension: {}, guards: { empty: 'accept', maxShrink: 1 } } as const;
const lists = [
  ['a', 'b'],
  ['A', 'b'],
  ['A', 'b', 'c'],
  ['A', 'b', 'C'],
];
let target = createMemoryTarget();
let context = contextFor(createMemoryLoader(target), settings);
const replayLines = (lines: readonly string[]) => replay(context, { input: inputOf(lines), name: 'x' });
const rules = async () => (await verify(context)).violations.map(({ app_id, rule }) => `${app_id} ${rule}`);
const logLines = async () => {
  const text = (await Array.fromAsync(exportLog(context.loader, context.signal))).join('');
  return text.split('\n').filter(Boolean);
};

beforeEach(async () => {
  target = createMemoryTarget();
  context = contextFor(createMemoryLoader(target), settings);
  const lines = ['wxa', 'wxb'].flatMap((appId) => lists.map((names, index) => line(appId, index + 1, names)));
  expect((await replayLines(lines)).exitCode).toBe(0);
});

function dropAnswerOf(appId: string, day: number): void {
  const rows = target.accounts.get(appId);
  const time = requireInstant(at(day), 'day');
  if (rows === undefined) return;
  const observations = new Map([...rows.observations].filter(([observedAt]) => observedAt !== time));
  target.accounts.set(appId, { ...rows, observations });
}

function dropBodyOf(appId: string, day: number): void {
  const time = requireInstant(at(day), 'day');
  target.payloads.delete(target.accounts.get(appId)?.observations.get(time)?.payloadHash ?? '');
}

test.each([4, 2])(
  'the body of day %i is missing: newer answers of others are stored, a copy of the log mends it',
  async (day) => {
    const copy = await logLines();
    dropBodyOf('wxa', day);
    const newer = await replayLines([line('wxa', 5, ['A', 'x']), line('wxb', 5, ['A', 'x'])]);
    // Only the newest body is needed to go on from it.
    expect([newer.exitCode, newer.report.observations.recorded]).toEqual(day === 4 ? [65, 1] : [0, 2]);
    expect(await rules()).toEqual(['wxa payload']);
    const rebuilt = await rebuild(context);
    expect(rebuilt).toMatchObject({ exitCode: 65, report: { accounts: { failed: 1, unchanged: 1 } } });
    expect(rebuilt.report.problems).toMatchObject([{ app_id: 'wxa', code: 'log_shortened' }]);
    expect((await replayLines(copy)).exitCode).toBe(0);
    expect(await rules()).toEqual([]);
  },
);

test.each([4, 2])('the body of day %i is another in memory and in PGlite: a copy of the log mends it', async (day) => {
  const copy = await logLines();
  const hash = target.accounts.get('wxa')?.observations.get(requireInstant(at(day), 'day'))?.payloadHash ?? '';
  target.payloads.set(hash, Buffer.from('{}'));
  expect(await rules()).toEqual(['wxa payload']);
  expect((await replayLines(copy)).exitCode).toBe(0);
  expect(await rules()).toEqual([]);

  await using shared = await createSharedPglite();
  await using loader = await shared.createLoader('damaged');
  context = contextFor(loader, settings);
  await replayLines(copy);
  await shared.pglite.query("UPDATE damaged.scene_payload SET body = '{}', byte_length = 2 WHERE payload_hash = $1", [
    hash,
  ]);
  expect(await rules()).toEqual(['wxa payload']);
  expect((await replayLines(copy)).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
  expect(await logLines()).toEqual(copy);
  const { rows } = await shared.pglite.query(
    'SELECT FROM damaged.scene_payload WHERE byte_length <> octet_length(body)',
  );
  expect(rows).toEqual([]);
});

test('a copy of the log mends the only answer of an account, too', async () => {
  await replayLines([line('wxc', 1, ['a'])]);
  const copy = await logLines();
  for (const damage of [undefined, Buffer.from('{}')]) {
    const hash = target.accounts.get('wxc')?.head?.lastPayloadHash ?? '';
    if (damage === undefined) target.payloads.delete(hash);
    else target.payloads.set(hash, damage);
    expect(await rules()).toEqual(['wxc payload']);
    expect((await replayLines(copy)).exitCode).toBe(0);
    expect(await rules()).toEqual([]);
  }
});

test('a copy of the log mends more bodies than are remembered', async () => {
  const names = (prefix: string) => Array.from({ length: 15_000 }, (_, n) => `${prefix}${n}`);
  await replayLines([1, 2, 3, 4].map((day) => line('wxc', day, names(`${day} `))));
  const copy = await logLines();
  const hashes = [...(target.accounts.get('wxc')?.observations.values() ?? [])].map(({ payloadHash }) => payloadHash);
  for (const hash of hashes) target.payloads.set(hash ?? '', Buffer.from('{}'));
  expect(await rules()).toEqual(hashes.map(() => 'wxc payload'));
  expect((await replayLines(copy)).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
});

test('bodies are said to be replaced when the stored ones differ, and read only for a copy of the log', async () => {
  const copy = await logLines();
  dropBodyOf('wxa', 1);
  const hash = target.accounts.get('wxa')?.observations.get(requireInstant(at(2), 'day'))?.payloadHash ?? '';
  target.payloads.set(hash, Buffer.from('{}'));
  const { loader } = context;
  const told: object[] = [];
  const logger = { ...context.logger, warn: (fields: object) => void told.push(fields) };
  const replaced: (true | undefined)[] = [];
  let reads = 0;
  const watched: Loader = {
    ...loader,
    readPayloads: (hashes, signal) => {
      reads += 1;
      return loader.readPayloads(hashes, signal);
    },
    apply: (changes, signal) => {
      for (const { payloadHash, replaces } of changes.payloads)
        if (payloadHash === hash || replaces) replaced.push(replaces);
      return loader.apply(changes, signal);
    },
  };
  const replayWatched = (lines: readonly string[]) =>
    replay({ ...context, loader: watched, logger }, { input: inputOf(lines), name: 'x' });
  await replayWatched(lists.map((list, index) => line('wxb', index + 1, list)));
  expect([reads, replaced]).toEqual([0, []]);
  await replayWatched(copy);
  expect([reads, replaced]).toEqual([2, [true]]);
  expect(told).toEqual([{ bodies: 2 }]);
  expect(await rules()).toEqual([]);
});

test.each([
  ['missing', 0],
  ['wrong', 1],
])('a row that is %s fails its account until it is rebuilt', async (_what, kind) => {
  const rows = target.accounts.get('wxa');
  const versions = new Map(rows?.versions);
  for (const [id, version] of versions) {
    if (version.sceneKey !== '1' || version.endReason !== null) continue;
    if (kind === 0) versions.delete(id);
    else versions.set(id, { ...version, sceneName: 'another' });
  }
  if (rows !== undefined) target.accounts.set('wxa', { ...rows, versions });
  const lines = [line('wxa', 5, ['A', 'B']), line('wxb', 5, ['A', 'B'])];
  const first = await replayLines(lines);
  expect(first).toMatchObject({ exitCode: 65, report: { accounts: { failed: 1, changed: 1 } } });
  expect(first.report.problems).toMatchObject([{ app_id: 'wxa', code: 'data_refused' }]);
  expect((await rebuild(context)).exitCode).toBe(0);
  expect((await replayLines(lines)).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
});

test('under another firstSeen nothing is marked while a log is cut, and everything after it was accepted', async () => {
  dropBodyOf('wxa', 2);
  const other = contextFor(context.loader, { ...settings, dimension: { firstSeen: 'observed' } });
  const meta = { ...target.meta };
  const before = await readExport(context.loader);
  expect((await rebuild(other)).exitCode).toBe(65);
  expect([target.meta, await readExport(context.loader)]).toEqual([meta, before]);
  expect(await findShortened(other)).toMatchObject({ accounts: 1, first: 'wxa' });
  expect((await rebuild(other, { acceptShortenedLog: true })).exitCode).toBe(0);
  expect((await verify(other)).violations).toEqual([]);
  expect((await rebuild(other)).report.outcome).toBe('nothing_changed');
});

test('no more is given up than was told: a log that is cut meanwhile ends the rebuild before it writes', async () => {
  dropBodyOf('wxa', 2);
  const told = await findShortened(context);
  dropBodyOf('wxb', 2);
  const before = await readExport(context.loader);
  const refusal = {
    code: 'log_shortened',
    message: expect.stringMatching(/^more answers are gone .+ of 2 accounts /),
    remedy: 'find out what cuts the log, then run scenedim rebuild --accept-shortened-log again',
  };
  await expect(rebuild(context, { acceptShortenedLog: told })).rejects.toMatchObject(refusal);
  expect(await readExport(context.loader)).toBe(before);
  expect((await rebuild(context, { acceptShortenedLog: await findShortened(context) })).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
});

test('verify tells what is in the way of a rebuild that was interrupted', async () => {
  if (target.meta !== null) target.meta = { ...target.meta, rebuilding: true };
  expect(await rules()).toEqual([' rebuilding']);
  dropBodyOf('wxa', 2);
  const report = await verify(context);
  expect(report.violations.map(({ rule }) => rule)).toEqual(['payload', 'rebuilding']);
  await expect(replayLines([])).rejects.toThrow('a rebuild of the target was interrupted');
  expect((await rebuild(context, { acceptShortenedLog: true })).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
});

test('an account without any observation is refused, given up when that is accepted, and can come back', async () => {
  const copy = await logLines();
  const before = await readExport(context.loader);
  const rows = target.accounts.get('wxa');
  if (rows !== undefined) target.accounts.set('wxa', { ...rows, observations: new Map() });
  const refusal = { code: 'log_shortened' };
  await expect(accept(context, { appId: 'wxa', observedAt: null })).rejects.toMatchObject(refusal);
  const observedAt = requireInstant(at(2), 'day');
  await expect(hold(context, { appId: 'wxa', observedAt })).rejects.toMatchObject(refusal);
  expect((await rebuild(context)).exitCode).toBe(65);
  expect(await readExport(context.loader)).toBe(before);
  const { violations, violation_counts: counts, remedies } = await verify(context);
  expect(violations).toMatchObject([{ app_id: 'wxa', rule: 'log_shortened' }]);
  expect(counts).toEqual([{ rule: 'log_shortened', count: 1 }]);
  expect(remedies.join()).not.toContain('rebuild');
  expect((await rebuild(context, { acceptShortenedLog: true })).report.versions.removed).toBe(5);
  expect(await rules()).toEqual([]);
  expect((await replayLines(copy)).exitCode).toBe(0);
  expect([await rules(), await readExport(context.loader)]).toEqual([[], before]);
});

test('a held answer that was deleted is missing as what it was, and a copy of the log brings it back', async () => {
  const held = JSON.stringify({ ...JSON.parse(line('wxa', 5, ['x'])), status: 'held', hold_reason: 'shrink' });
  expect((await replayLines([held])).exitCode).toBe(0);
  const copy = await logLines();
  dropAnswerOf('wxa', 5);
  const { violations } = await verify(context);
  expect(violations).toMatchObject([
    {
      app_id: 'wxa',
      rule: 'log_shortened',
      message: 'its log was cut: the held answer of 2026-01-05T00:00:00.000000Z is missing from scene_observation',
    },
  ]);
  dropAnswerOf('wxa', 2);
  expect((await verify(context)).violations[0]?.message).toMatch(
    /: an ok answer .* of 2026-01-02T.*; so is the held answer of 2026-01-05T/,
  );
  expect((await replayLines(copy)).exitCode).toBe(0);
  expect(await rules()).toEqual([]);
});

test('an ok answer that opened a version may be held: it is still there', async () => {
  expect((await hold(context, { appId: 'wxa', observedAt: requireInstant(at(2), 'day') })).outcome).toBe('ok');
  expect(await rules()).toEqual([]);
  expect((await rebuild(context)).report.outcome).toBe('nothing_changed');
});

test.each(['memory', 'pglite'])(
  'a missing row of scene_account in %s fails its account until it is rebuilt',
  async (kind) => {
    await using shared = kind === 'pglite' ? await createSharedPglite() : null;
    await using loader = (await shared?.createLoader('headless')) ?? createMemoryLoader(target);
    if (shared !== null) {
      context = contextFor(loader, settings);
      await replayLines([line('wxa', 1, ['a']), line('wxb', 1, ['a'])]);
      await shared.pglite.exec("DELETE FROM headless.scene_account WHERE app_id = 'wxa'");
    } else {
      const rows = target.accounts.get('wxa');
      if (rows !== undefined) target.accounts.set('wxa', { ...rows, head: null });
    }
    const newer = [line('wxa', 5, ['x']), line('wxb', 5, ['x'])];
    const plan = await planReplay(context, { input: inputOf(newer), name: 'x' });
    const first = await replayLines(newer);
    expect(first).toMatchObject({ exitCode: 65, report: { accounts: { failed: 1, changed: 1 } } });
    expect(first.report.problems).toMatchObject([
      { app_id: 'wxa', code: 'data_refused', remedy: 'scenedim rebuild computes the row from the log' },
    ]);
    expect({ ...plan.report, run_id: first.report.run_id }).toEqual(first.report);
    expect((await rebuild(context)).exitCode).toBe(0);
    expect((await replayLines(newer)).exitCode).toBe(0);
    expect(await rules()).toEqual([]);
  },
);
