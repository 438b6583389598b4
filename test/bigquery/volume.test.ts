/** What a run asks of BigQuery: requests, jobs, statements and bytes, for accounts with five scenes each. */
import { afterAll, expect, test } from 'vitest';
import { type BigQueryConfig, parseBigQueryConfig } from '../../src/load/bigquery/bigquery-config.ts';
import { bigQueryLimits, createBigQueryLoader } from '../../src/load/bigquery/bigquery-loader.ts';
import { createBigQueryClient } from '../../src/load/bigquery/client/bigquery-client.ts';
import { defaultTimings } from '../../src/load/bigquery/client/timings.ts';
import { tablePath } from '../../src/load/bigquery/sql/table-path.ts';
import { replay } from '../../src/pipeline/replay.ts';
import { migrateOptionsFor } from '../../src/pipeline/run/prepare-target.ts';
import { plainPaint } from '../../src/report/paint.ts';
import { renderTable } from '../../src/report/table.ts';
import { describeBigquery } from '../support/bigquery.ts';
import { runScript } from '../support/bigquery-targets.ts';
import { createRecordingClient, type RecordingClient } from '../support/recording-client.ts';
import { contextFor } from '../support/run-case.ts';
import { createTableMeasure } from '../support/table-sizes.ts';
import { renamedOf, scenesAnAccount, volumeLog } from '../support/volume-log.ts';

const MIB = 1024 * 1024;
const timeout = 240_000;

/** One row of the table of figures; each run adds its own. */
const figures: string[][] = [];

/** What the recorded jobs of a run come to. */
function figuresOf({ jobs, requests }: RecordingClient) {
  const reads = jobs.flatMap((job) => job.reads);
  const count = (kind: string) => jobs.filter((job) => job.kind === kind).length;
  const tables = new Set(reads.map(({ table }) => table).filter((table) => !table.startsWith('scene_stage_')));
  return {
    jobs: { query: count('query'), script: count('script'), load: count('load') },
    statements: jobs.reduce((sum, { statements }) => sum + statements.length, 0),
    // How often a job is looked at depends on how long it takes.
    requests: [...requests].reduce((sum, [kind, times]) => sum + (kind === 'look at a job' ? 0 : times), 0),
    looks: requests.get('look at a job') ?? 0,
    bytesUploaded: jobs.reduce((sum, { bytesUploaded }) => sum + bytesUploaded, 0),
    bytesBilled: reads.reduce((sum, { bytesBilled }) => sum + bytesBilled, 0),
    tables: [...tables].sort(),
  };
}

describeBigquery('a run', ({ place, freshName, dropDataset }) => {
  const datasets: string[] = [];
  afterAll(async () => {
    await Promise.all(datasets.map(dropDataset));
    process.stdout.write(`\n${renderTable(headers, figures, { paint: plainPaint })}`);
  });

  const rowCounts = async (config: BigQueryConfig, tables: readonly string[]) => {
    const counts = tables.map((table) => `(SELECT COUNT(*) FROM ${tablePath(config, table)}) AS ${table}`);
    const [row = {}] = await runScript(config, `SELECT ${counts.join(', ')}`);
    return Object.fromEntries(Object.entries(row).map(([table, count]) => [table, Number(count)]));
  };

  test.each([
    [1, bigQueryLimits.batchAccounts],
    [1_000, bigQueryLimits.batchAccounts],
    [1_000, 400],
  ])(
    'over %i accounts in batches of %i asks for the same jobs a batch',
    { timeout },
    async (accounts, batchAccounts) => {
      const config = parseBigQueryConfig({ type: 'bigquery', ...place(), dataset: freshName() });
      datasets.push(config.dataset);
      const client = createRecordingClient(
        createBigQueryClient(config, defaultTimings.request),
        createTableMeasure(config),
      );
      const limits = { ...bigQueryLimits, batchAccounts };
      const loader = { ...createBigQueryLoader(config, { client }), limits };
      const context = contextFor(loader, { dimension: {}, guards: {} });
      const { signal } = context;
      await createBigQueryLoader(config).migrate(migrateOptionsFor(context), signal);

      const load = async (what: string, hour: number, renamed: boolean) => {
        client.reset();
        const { report, error } = await replay(context, { input: volumeLog(accounts, hour, renamed), name: 'volume' });
        expect(error).toBeNull();
        const found = figuresOf(client);
        figures.push([what, ...cellsOf(accounts, found)]);
        const { outcome, observations, versions } = report;
        return { ...found, report: { outcome, changed: report.accounts.changed, observations, versions } };
      };
      const batches = Math.ceil(accounts / batchAccounts);
      const renamed = renamedOf(accounts);
      const written = { observations: { recorded: accounts, duplicate: 0 } };
      const versions = { opened: 0, closed: 0, rewritten: 0, removed: 0 };
      // Settings, lock and its release are a query each, the end of the run is a script.
      const around = { query: 3, script: 1 };

      const first = await load('first load', 1, false);
      // Bodies, observations, versions and heads; accounts that nobody has read yet have nothing to be read but their absence.
      expect(first.jobs).toEqual({ query: around.query + batches, script: around.script + batches, load: 4 * batches });
      expect(first.report).toEqual({
        ...written,
        outcome: 'ok',
        changed: accounts,
        versions: { ...versions, opened: scenesAnAccount * accounts },
      });

      const unchanged = await load('unchanged', 2, false);
      expect(unchanged.jobs).toEqual({
        query: around.query + batches,
        script: around.script + batches,
        load: 2 * batches,
      });
      // Lease, settings and runs do not grow with the accounts, nor with the time: of the runs, this month's are read.
      expect(unchanged.tables).toEqual(['scene_account', 'scene_lease', 'scene_meta', 'scene_run']);
      expect(unchanged.report).toEqual({ ...written, outcome: 'nothing_changed', changed: 0, versions });

      const changed = await load('1 % changed', 3, true);
      // Bodies and open versions of the changed accounts are read, too.
      expect(changed.jobs).toEqual({
        query: around.query + 3 * batches,
        script: around.script + batches,
        load: 4 * batches,
      });
      expect(changed.tables).not.toContain('scene_observation');
      expect(changed.report).toEqual({
        ...written,
        outcome: 'ok',
        changed: renamed,
        versions: { ...versions, opened: renamed, closed: renamed },
      });

      expect(
        await rowCounts(config, ['scene_account', 'scene_observation', 'scene_payload', 'dim_scene', 'scene_run']),
      ).toEqual({
        scene_account: accounts,
        scene_observation: 3 * accounts,
        scene_payload: accounts + renamed,
        dim_scene: scenesAnAccount * accounts + renamed,
        scene_run: 3,
      });
    },
  );
});

const headers = [
  { header: 'run' },
  ...['accounts', 'queries', 'scripts', 'loads', 'statements', 'requests', 'polls', 'MiB up', 'MiB billed'].map(
    (header) => ({ header, align: 'right' as const }),
  ),
];

function cellsOf(accounts: number, found: ReturnType<typeof figuresOf>): string[] {
  const { query, script, load } = found.jobs;
  const counts = [accounts, query, script, load, found.statements, found.requests, found.looks];
  return [...counts.map(String), (found.bytesUploaded / MIB).toFixed(2), (found.bytesBilled / MIB).toFixed(0)];
}
