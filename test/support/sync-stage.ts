/** A simulator, a target and a calendar: what a sync needs. Every sync on it is checked against the tables. */
import { expect } from 'vitest';
import type { AccountHead } from '../../src/dimension/account-head.ts';
import type { Observation } from '../../src/dimension/observation.ts';
import type { Version } from '../../src/dimension/version.ts';
import type { RetryPolicy } from '../../src/extract/retry-policy.ts';
import type { SourceAccount } from '../../src/extract/scene-source.ts';
import { createWechatSource, type WechatSourceOptions } from '../../src/extract/wechat-source.ts';
import { type Micros, OPEN_END, requireInstant } from '../../src/instant.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../src/load/memory/memory-target.ts';
import { countColumns, noCounts } from '../../src/load/run-counts.ts';
import type { RunContext } from '../../src/pipeline/run/run-context.ts';
import type { RunReport, RunResult } from '../../src/pipeline/run/run-report.ts';
import { type SyncOptions, sync } from '../../src/pipeline/sync.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { contextFor } from './run-case.ts';
import type { SharedPglite } from './shared-pglite.ts';

/** The repetitions of production, without their waits. */
const wait = { firstMs: 1, factor: 1 };
export const quickRetry: RetryPolicy = {
  attempts: 4,
  jitter: 0,
  waits: { system_busy: wait, rate_limited: wait, network: wait, http_5xx: wait, not_json: wait },
};

/** A target and what the port does not tell about it. */
export interface StageTarget {
  readonly loader: Loader;
  /** Outcome and counts of a run by their columns. */
  readRun(runId: string): Promise<Readonly<Record<string, string | number | null>>>;
  countRejects(): Promise<number>;
}

export function memoryStageTarget(): StageTarget {
  const target = createMemoryTarget();
  return {
    loader: createMemoryLoader(target),
    async readRun(runId) {
      const run = target.runs.get(runId);
      if (run === undefined) throw new Error(`no run ${runId}`);
      return { ...Object.fromEntries(countColumns(run.counts)), outcome: run.outcome };
    },
    countRejects: async () => target.rejects.size,
  };
}

export async function pgliteStageTarget(shared: SharedPglite): Promise<StageTarget> {
  const loader = await shared.createLoader();
  const schema = /schema (\w+)/.exec(loader.description)?.[1] ?? '';
  return {
    loader,
    async readRun(runId) {
      const sql = `SELECT * FROM ${schema}.scene_run WHERE run_id = $1`;
      const { rows } = await shared.pglite.query<Record<string, unknown>>(sql, [runId]);
      const counts = countColumns(noCounts).map(([column]) => [column, Number(rows[0]?.[column])] as const);
      return { ...Object.fromEntries(counts), outcome: String(rows[0]?.['outcome']) };
    },
    async countRejects() {
      const { rows } = await shared.pglite.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${schema}.scene_reject`,
      );
      return rows[0]?.n ?? 0;
    },
  };
}

/** The rows of a target, as the port gives them. */
export interface Tables {
  readonly heads: readonly AccountHead[];
  readonly observations: readonly Observation[];
  readonly versions: readonly Version[];
}

export async function readTables(loader: Loader): Promise<Tables> {
  const { signal } = new AbortController();
  if ((await loader.readMeta(signal)) === null) return { heads: [], observations: [], versions: [] };
  return {
    heads: await Array.fromAsync(loader.readHeads({}, signal)),
    observations: await Array.fromAsync(loader.readObservations({}, signal)),
    versions: await Array.fromAsync(loader.readVersions({}, signal)),
  };
}

export type StageSyncOptions = Partial<SyncOptions> & {
  readonly appIds?: readonly string[];
  readonly context?: Partial<RunContext>;
  readonly wechat?: Partial<WechatSourceOptions>;
};

export interface SyncStage extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly loader: Loader;
  readonly context: RunContext;
  /** The virtual time of simulator and syncs; a sync does not move it. */
  readonly calendar: { time: Micros };
  /** Passes this many hours. */
  later(hours?: number): void;
  account(appId: string): SourceAccount;
  /** One sync over real HTTP. Its counts are compared with the rows that changed, its run row with its report. */
  sync(options?: StageSyncOptions): Promise<RunResult>;
  /** The same, of a sync that throws. */
  failingSync(options?: StageSyncOptions): Promise<unknown>;
}

export async function createSyncStage(appIds: readonly string[], target = memoryStageTarget()): Promise<SyncStage> {
  const calendar = { time: requireInstant('2026-03-01T00:00:00Z', 'start') };
  const clock = { now: () => calendar.time };
  const simulator = await startSimulator({ clock, accounts: appIds.map((appId) => ({ appId })) });
  const { loader } = target;
  const targetRetry = { retries: 4, minTimeout: 1, maxTimeout: 1, factor: 1, randomize: false };
  const context = { ...contextFor(loader, { dimension: {}, guards: {} }), clock, targetRetry };
  const account = (appId: string): SourceAccount => {
    return { appId, credentials: { accessToken: async () => simulator.accessToken(appId) } };
  };

  async function run({ appIds: chosen = appIds, context: over, wechat, ...options }: StageSyncOptions) {
    const baseUrl = simulator.url;
    await using source = createWechatSource({ clock, baseUrl, ratePerSecond: 10_000, retry: quickRetry, ...wechat });
    return await sync({ ...context, ...over }, { source, accounts: chosen.map(account), ...options });
  }

  return {
    simulator,
    loader,
    context,
    calendar,
    later(hours = 1) {
      calendar.time += BigInt(hours) * 3_600_000_000n;
    },
    account,
    async sync(options = {}) {
      const before = await readTables(loader);
      const rejectsBefore = before.heads.length === 0 ? 0 : await target.countRejects();
      const result = await run(options);
      const after = await readTables(loader);
      const rejects = (await target.countRejects()) - rejectsBefore;
      const { run_id: runId, problems, problems_total: total, ...report } = result.report;
      const runRow = { ...Object.fromEntries(countColumns(report)), outcome: report.outcome };
      expect(await target.readRun(runId), 'the run row').toEqual(runRow);
      expect({ ...report.versions, rejects: report.rejects, recorded: report.observations.recorded }).toEqual({
        ...versionsChanged(before.versions, after.versions),
        rejects,
        recorded: after.observations.length - before.observations.length,
      });
      const { selected, ...others } = report.accounts;
      expect(
        Object.values(others).reduce((sum, count) => sum + count, 0),
        'each account counts once',
      ).toBe(selected);
      expect(total).toBe(problems.length);
      expect((await verify(context)).violations).toEqual([]);
      return result;
    },
    failingSync: (options = {}) =>
      run(options).then(
        () => expect.unreachable('the sync should fail'),
        (error: unknown) => error,
      ),
    async [Symbol.asyncDispose]() {
      await simulator[Symbol.asyncDispose]();
      await loader[Symbol.asyncDispose]();
    },
  };
}

/** What the four counts mean, from the tables alone. */
export function versionsChanged(before: readonly Version[], after: readonly Version[]): RunReport['versions'] {
  const stored = new Map(before.map((version) => [version.versionId, version]));
  const found = new Map(after.map((version) => [version.versionId, version]));
  let closed = 0;
  let rewritten = 0;
  for (const [id, old] of stored) {
    const now = found.get(id);
    if (old.effectiveTo === OPEN_END && now?.effectiveTo !== OPEN_END) closed += 1;
    else if (now !== undefined && !isEqual(old, now)) rewritten += 1;
  }
  const opened = after.filter(({ versionId }) => !stored.has(versionId)).length;
  return { opened, closed, rewritten, removed: before.filter(({ versionId }) => !found.has(versionId)).length };
}

function isEqual(a: Version, b: Version): boolean {
  return Object.entries(a).every(([name, value]) => value === b[name as keyof Version]);
}
