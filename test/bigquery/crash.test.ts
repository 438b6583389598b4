/** A run that is killed between any two of its requests, and what the next one makes of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { type BigQueryClient, createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import { defaultTimings } from '../../src/load/bigquery/client/timings.ts';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import type { Loader } from '../../src/load/loader.ts';
import { createMemoryLoader } from '../../src/load/memory/memory-loader.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { verify } from '../../src/pipeline/verify.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { runScript } from '../support/bigquery-targets.ts';
import { contextFor, inputOf, readExport } from '../support/run-case.ts';

const line = (appId: string, at: string, names: readonly string[]) =>
  JSON.stringify({
    app_id: appId,
    observed_at: at,
    body: { errcode: 0, scene: names.map((name, n) => ({ name, value: n + 1 })) },
  });
const first = [line('wx1', '2026-01-01T00:00:00Z', ['a', 'b', 'c']), line('wx2', '2026-01-01T00:00:00Z', ['x'])];
/** Renames, removes and adds; a late answer is woven in; an account fails. */
const second = [
  line('wx1', '2026-01-03T00:00:00Z', ['a', 'B', 'c', 'd']),
  line('wx2', '2026-01-02T00:00:00Z', ['y', 'z']),
  line('wx3', '2026-01-02T00:00:00Z', ['new']),
  '{"app_id":"wx4","observed_at":"2026-01-02T00:00:00Z","body":{"errcode":40001,"errmsg":"x"}}',
];

const never = new Promise<never>(() => {});
const killed = new Error('killed');

/** Which request kills the process, and whether that request still arrives. */
interface Gap {
  readonly title: string;
  readonly isLast: (request: string) => boolean;
  readonly arrives: boolean;
  /** Whether the batch is stored although its run died. */
  readonly isApplied: boolean;
}

const isScript = (request: string) => request.includes('BEGIN TRANSACTION');
const gaps: readonly Gap[] = [
  {
    title: 'before the first staging table',
    isLast: (r) => r.startsWith('POST datasets/'),
    arrives: false,
    isApplied: false,
  },
  {
    title: 'after the first staging table',
    isLast: (r) => r.startsWith('POST datasets/'),
    arrives: true,
    isApplied: false,
  },
  { title: 'after the first load', isLast: (r) => r.startsWith('upload'), arrives: true, isApplied: false },
  { title: 'after all loads, before the script', isLast: isScript, arrives: false, isApplied: false },
  { title: 'after the script was sent', isLast: isScript, arrives: true, isApplied: true },
  {
    title: 'before the staging tables are dropped',
    isLast: (r) => r.startsWith('DELETE'),
    arrives: false,
    isApplied: true,
  },
];

/** A process that dies at one request: nothing that it would do afterwards happens, not even in a `finally`. */
function dyingClient(
  config: BigQueryConfig,
  { isLast, arrives }: Pick<Gap, 'isLast' | 'arrives'>,
  onDeath: () => void,
  sent: string[],
): BigQueryClient {
  const client = createBigQueryClient(config, defaultTimings.request);
  let isDead = false;
  const pass = async (request: string, send: () => Promise<unknown>): Promise<unknown> => {
    if (isDead) return never;
    sent.push(request);
    if (!isLast(request)) return send();
    isDead = true;
    if (arrives) await send();
    onDeath();
    return never;
  };
  return {
    call: (call, signal) =>
      pass(`${call.method} ${call.path} ${JSON.stringify(call.body ?? '')}`, () => client.call(call, signal)),
    upload: (job, chunks, signal) => pass(`upload ${JSON.stringify(job)}`, () => client.upload(job, chunks, signal)),
    member: client.member,
  };
}

describeBigquery('a run that is killed', ({ place, timings, freshName, dropDataset }) => {
  async function load(loader: Loader, lines: readonly string[]) {
    return replay(contextFor(loader, { dimension: {}, guards: { empty: 'accept', maxShrink: 1 } }), {
      input: inputOf(lines),
      name: 'crash.ndjson',
    });
  }

  /** Time passes: the leases of the dead end. */
  const endLeases = (config: BigQueryConfig) =>
    runScript(
      config,
      `UPDATE ${tablePath(config, 'scene_lease')} SET expires_at = TIMESTAMP_MICROS(0) WHERE expires_at > TIMESTAMP_MICROS(0)`,
    );
  const countRuns = async (config: BigQueryConfig) => {
    const rows = await runScript(config, `SELECT CAST(COUNT(*) AS STRING) AS n FROM ${tablePath(config, 'scene_run')}`);
    return rows[0]?.['n'];
  };

  describe('in each gap', () => {
    let config: BigQueryConfig;
    /** Each test has accounts of its own, and those hold the first answers. */
    const ownAccounts = (test: number | string) => (text: string) => text.replaceAll('"wx', `"g${test}wx`);
    beforeAll(async () => {
      config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
      await load(
        createBigQueryLoader(config, { timings }),
        [...gaps.keys(), 'q'].flatMap((test) => first.map(ownAccounts(test))),
      );
    });
    afterAll(() => dropDataset(config.dataset));

    for (const [n, gap] of gaps.entries()) {
      test(`leaves all or nothing, and the next run repairs it: ${gap.title}`, { timeout: 300_000 }, async () => {
        const loader = createBigQueryLoader(config, { timings });
        const app = ownAccounts(n);
        const before = await readExport(loader);

        const sent: string[] = [];
        const died = new Promise<never>((_, reject) => {
          const dying = createBigQueryLoader(config, {
            timings,
            client: dyingClient(config, gap, () => reject(killed), sent),
          });
          load(dying, second.map(app)).catch(() => {});
        });
        await expect(died).rejects.toBe(killed);
        expect(sent.length).toBeGreaterThan(0);
        const after = await settled(loader, gap.isApplied, before);
        if (!gap.isApplied) expect(after).toBe(before);

        const next = await load(loader, second.map(app)).catch((error: unknown) => error);
        expect(next).toMatchObject({ code: 'lock_held' });
        await endLeases(config);
        const { report } = await load(loader, second.map(app));
        expect(report.observations).toEqual(
          gap.isApplied ? { recorded: 0, duplicate: 4 } : { recorded: 4, duplicate: 0 },
        );
        const rows = (await readExport(loader)).split('\n').filter((row) => row.includes(`"g${n}wx`));
        expect(rows).toEqual(await rowsInMemory(app));
        const { violations } = await verify(contextFor(loader, { dimension: {}, guards: {} }));
        expect(violations).toEqual([]);
      });
    }

    test('never both merge: the queued job of a killed run fails when another run holds the lease', {
      timeout: 300_000,
    }, async () => {
      const app = ownAccounts('q');
      const loader = createBigQueryLoader(config, { timings });
      const sent: string[] = [];
      const died = new Promise<never>((_, reject) => {
        const gap = { isLast: isScript, arrives: false };
        const dying = createBigQueryLoader(config, {
          timings,
          client: dyingClient(config, gap, () => reject(killed), sent),
        });
        load(dying, second.map(app)).catch(() => {});
      });
      await expect(died).rejects.toBe(killed);
      const queued = sent.at(-1) ?? '';
      const body: unknown = JSON.parse(queued.slice(queued.indexOf('{')));
      const client = createBigQueryClient(config, timings.request);
      const { signal } = new AbortController();
      const runQueued = async (id: string): Promise<unknown> => {
        const { configuration } = body as { configuration: object };
        const jobReference = { projectId: config.projectId, location: 'US', jobId: id };
        await client.call({ method: 'POST', path: 'jobs', body: { jobReference, configuration } }, signal);
        for (;;) {
          const job = (await client.call({ method: 'GET', path: `jobs/${id}` }, signal)) as {
            status: { state: string; errorResult?: object };
          };
          if (job.status.state === 'DONE') return job.status.errorResult;
        }
      };

      // Its lease has ended, and nobody has taken it over yet.
      await endLeases(config);
      expect(await runQueued(`${config.dataset}_ended`)).toMatchObject({
        message: expect.stringContaining('lease lost'),
      });
      // Another run holds it, and has the next token.
      await using lock = await loader.acquireLock({ kind: 'exclusive' }, signal);
      expect(lock).not.toBeNull();
      const runs = await countRuns(config);
      expect(await runQueued(`${config.dataset}_taken`)).toMatchObject({
        message: expect.stringContaining('lease lost'),
      });
      expect(await countRuns(config)).toBe(runs);
    });
  });

  /** What the same lines give in memory. */
  async function rowsInMemory(app: (text: string) => string): Promise<readonly string[]> {
    const memory = createMemoryLoader();
    await load(memory, first.map(app));
    await load(memory, second.map(app));
    return (await readExport(memory)).split('\n').filter(Boolean);
  }

  /** The export once a job that was sent has ended; at once for one that never was. */
  async function settled(loader: Loader, isApplied: boolean, before: string): Promise<string> {
    for (;;) {
      const text = await readExport(loader);
      if (!isApplied || text !== before) return text;
    }
  }
});
