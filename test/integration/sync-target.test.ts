/** A sync whose target gets into trouble in the middle: nothing is half written, nothing is counted twice. */
import { describe, expect, it } from 'vitest';
import { ScenedimError } from '../../src/errors.ts';
import { createWechatSource } from '../../src/extract/wechat-source.ts';
import { formatInstant } from '../../src/instant.ts';
import type { ChangeSet, Loader } from '../../src/load/loader.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { inputOf } from '../support/run-case.ts';
import { createSyncStage, quickRetry, readTables, type SyncStage } from '../support/sync-stage.ts';

const appIds = ['wxa', 'wxb', 'wxc'];
const busy = () => new ScenedimError('target_busy', 'statement timeout');

/** The loader with `apply` in other hands. */
function withApply(loader: Loader, apply: (changeSet: ChangeSet, write: () => Promise<void>) => Promise<void>): Loader {
  return { ...loader, apply: (changeSet, signal) => apply(changeSet, () => loader.apply(changeSet, signal)) };
}

const isBatch = (changeSet: ChangeSet): boolean => changeSet.observations.length > 0;

async function createStage(): Promise<SyncStage> {
  const stage = await createSyncStage(appIds);
  await stage.sync();
  stage.later();
  stage.simulator.change({ change: 'rename', key: 1, name: '新' });
  return stage;
}

const oneRename = { opened: 3, closed: 3, rewritten: 0, removed: 0 };

describe('a target that fails while a batch is written', () => {
  it('twice with target_busy: the batch is written at the third attempt and counted once', async () => {
    await using stage = await createStage();
    let attempts = 0;
    const loader = withApply(stage.loader, async (changeSet, write) => {
      if (isBatch(changeSet)) attempts += 1;
      if (isBatch(changeSet) && attempts <= 2) throw busy();
      await write();
    });
    const { report, exitCode } = await stage.sync({ context: { loader } });
    expect([attempts, exitCode, report.versions, report.accounts.changed]).toEqual([3, 0, oneRename, 3]);
  });

  it('while the accounts are chosen: they are read again', async () => {
    await using stage = await createStage();
    let reads = 0;
    const loader: Loader = {
      ...stage.loader,
      async *readHeads(query, signal) {
        reads += 1;
        if (reads % 2 === 1) throw new ScenedimError('target_unreachable', 'the connection broke');
        yield* stage.loader.readHeads(query, signal);
      },
    };
    const { report, exitCode } = await stage.sync({ context: { loader } });
    expect([exitCode, report.versions, reads]).toEqual([0, oneRename, 4]);
  });

  it('after it has committed, which nobody learned: the batch is there once', async () => {
    await using stage = await createStage();
    let attempts = 0;
    const loader = withApply(stage.loader, async (_changeSet, write) => {
      await write();
      attempts += 1;
      if (attempts === 1) throw new ScenedimError('target_unreachable', 'the connection broke');
    });
    const { report, exitCode } = await stage.sync({ context: { loader } });
    expect([exitCode, report.versions, report.observations.recorded]).toEqual([0, oneRename, 3]);
  });

  it('with stale_heads: it is planned again on what the other one wrote', async () => {
    await using stage = await createStage();
    let plans = 0;
    const loader = withApply(stage.loader, async (changeSet, write) => {
      if (isBatch(changeSet)) plans += 1;
      if (plans === 1 && isBatch(changeSet)) await renameByReplay(stage);
      await write();
    });
    const before = await readTables(stage.loader);
    const { report, exitCode } = await syncUnchecked(stage, loader);
    expect([plans, exitCode, report.accounts]).toEqual([
      2,
      0,
      { selected: 3, changed: 3, unchanged: 0, held: 0, skipped: 0, failed: 0, fresh: 0, unreached: 0 },
    ]);
    // wxa was renamed to 中 by the other one, half an hour ago.
    expect(report.versions).toEqual(oneRename);
    const after = await readTables(stage.loader);
    expect(after.versions).toHaveLength(before.versions.length + 4);
    expect(after.observations).toHaveLength(before.observations.length + 4);
  });

  it('with stale_heads every time: 75, and nothing of the batch is stored', async () => {
    await using stage = await createStage();
    const before = await readTables(stage.loader);
    let plans = 0;
    const loader = withApply(stage.loader, async (changeSet, write) => {
      if (!isBatch(changeSet)) return write();
      plans += 1;
      throw new ScenedimError('stale_heads', 'account wxa changed');
    });
    expect(await stage.failingSync({ context: { loader } })).toMatchObject({ code: 'stale_heads', exitCode: 75 });
    expect(plans).toBe(3);
    expect(await readTables(stage.loader)).toEqual(before);
  });

  it.each([
    ['target_busy', 75, 5],
    ['target_unreachable', 69, 5],
    ['target_denied', 77, 1],
    ['internal', 70, 1],
  ] as const)('always with %s: %i, after %i attempts', async (code, exitCode, attempts) => {
    await using stage = await createStage();
    const before = await readTables(stage.loader);
    let tried = 0;
    const loader = withApply(stage.loader, async (changeSet, write) => {
      if (!isBatch(changeSet)) return write();
      tried += 1;
      throw new ScenedimError(code, 'trouble');
    });
    expect(await stage.failingSync({ context: { loader } })).toMatchObject({ code, exitCode, message: 'trouble' });
    expect(tried).toBe(attempts);
    expect(await readTables(stage.loader)).toEqual(before);
    const { report } = await stage.sync();
    expect([report.outcome, report.versions], 'running again does what was left').toEqual(['ok', oneRename]);
  });

  it('with an error of its client library: it is thrown as it is', async () => {
    await using stage = await createStage();
    const loader = withApply(stage.loader, () => Promise.reject(new RangeError('a defect')));
    expect(await stage.failingSync({ context: { loader } })).toEqual(new RangeError('a defect'));
  });
});

describe('a target that fails while it is read', () => {
  it.each(['target_busy', 'target_unreachable'] as const)(
    'twice with %s during planning: it is read again',
    async (code) => {
      await using stage = await createStage();
      let reads = 0;
      const loader: Loader = {
        ...stage.loader,
        readVersions(query, signal) {
          reads += 1;
          if (reads <= 2) throw new ScenedimError(code, 'trouble');
          return stage.loader.readVersions(query, signal);
        },
      };
      const { report } = await stage.sync({ context: { loader } });
      expect([report.versions, reads]).toEqual([oneRename, 3]);
    },
  );

  it('while accounts are selected: the run ends after the batch that is on its way', async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => `wx${index}`);
    await using stage = await createSyncStage(many);
    let writing = false;
    let reads = 0;
    const loader: Loader = {
      ...withApply(stage.loader, async (_changeSet, write) => {
        writing = true;
        for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        await write();
        writing = false;
      }),
      async *readHeads(query, signal) {
        reads += 1;
        // Chunks 1, 2 and 3 are selected; the plans of batches read heads as well.
        if (query.appIds?.length === 500) throw new ScenedimError('target_denied', 'permission denied');
        yield* stage.loader.readHeads(query, signal);
      },
      async acquireLock(scope, signal) {
        const lock = await stage.loader.acquireLock(scope, signal);
        if (lock === null) return null;
        return {
          lost: lock.lost,
          [Symbol.asyncDispose]: async () => void expect(writing, 'the lock goes last').toBe(false),
        };
      },
    };
    expect(await stage.failingSync({ context: { loader }, concurrency: 32 })).toMatchObject({
      code: 'target_denied',
      exitCode: 77,
    });
    expect(reads).toBeGreaterThan(2);
    expect((await readTables(stage.loader)).heads.length % 1_000, 'whole batches only').toBe(0);
  });
});

describe('a lock that is lost in the middle', () => {
  it('ends the run with lock_lost, and of the batch under way nothing is written', async () => {
    await using stage = await createStage();
    const before = await readTables(stage.loader);
    const lost = new AbortController();
    const loader: Loader = {
      ...withApply(stage.loader, async (changeSet, write) => {
        if (isBatch(changeSet)) lost.abort(new ScenedimError('lock_lost', 'the lock of the target was lost'));
        await write();
      }),
      acquireLock: async () => ({ lost: lost.signal, [Symbol.asyncDispose]: async () => undefined }),
    };
    expect(await stage.failingSync({ context: { loader } })).toMatchObject({ code: 'lock_lost', exitCode: 75 });
    expect(await readTables(stage.loader)).toEqual(before);
  });

  it('during the fetching: no answer is written and no account is asked any more', async () => {
    await using stage = await createStage();
    const before = await readTables(stage.loader);
    const lost = new AbortController();
    const loader: Loader = {
      ...stage.loader,
      acquireLock: async () => ({ lost: lost.signal, [Symbol.asyncDispose]: async () => undefined }),
    };
    await using source = createWechatSource({ clock: stage.context.clock, baseUrl: stage.simulator.url });
    let asked = 0;
    const losing = {
      [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
      async fetchScenes(...args: Parameters<typeof source.fetchScenes>) {
        asked += 1;
        const result = await source.fetchScenes(...args);
        lost.abort(new ScenedimError('lock_lost', 'the lock of the target was lost'));
        return result;
      },
    };
    const error = await stage.failingSync({ source: losing, concurrency: 1, context: { loader } });
    expect([error, asked]).toEqual([expect.objectContaining({ code: 'lock_lost' }), 1]);
    expect(await readTables(stage.loader)).toEqual(before);
  });
});

/** What another writer does that got past the lock: it renames scene 1 of wxa half an hour ago. */
async function renameByReplay({ loader, context, calendar }: SyncStage): Promise<void> {
  const observed_at = formatInstant(calendar.time - 1_800_000_000n);
  const [head] = await Array.fromAsync(loader.readHeads({ appIds: ['wxa'] }, context.signal));
  const hash = head?.lastPayloadHash ?? '';
  const stored = Buffer.from((await loader.readPayloads([hash], context.signal)).get(hash) ?? []).toString('utf8');
  const body = stored.replace(/"name":"[^"]*","value":1\}/, '"name":"中","value":1}');
  const unlocked: Loader = {
    ...loader,
    acquireLock: async () => ({ lost: new AbortController().signal, [Symbol.asyncDispose]: async () => undefined }),
  };
  const line = JSON.stringify({ app_id: 'wxa', observed_at, body });
  await replay({ ...context, loader: unlocked }, { input: inputOf([line]), name: 'other' });
}

/** Without the comparison of the tables: two runs change them. */
async function syncUnchecked({ context, simulator, account }: SyncStage, loader: Loader) {
  const { sync } = await import('../../src/pipeline/sync.ts');
  await using source = createWechatSource({ clock: context.clock, baseUrl: simulator.url, retry: quickRetry });
  return await sync({ ...context, loader }, { source, accounts: appIds.map(account) });
}
