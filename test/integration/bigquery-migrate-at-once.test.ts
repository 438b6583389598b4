/** Several who make or upgrade a BigQuery target at once, played by a REST server of our own that knows who holds which lease. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bundledCatalog } from '../../src/catalog/scene-catalog.ts';
import { systemTimer } from '../../src/clock.ts';
import { newestSchemaVersion } from '../../src/load/bigquery/schema/migrations.ts';
import { migrateTarget, prepareTarget } from '../../src/pipeline/run/prepare-target.ts';
import { type LoaderOnFake, startLoaderOnFake, takesLease } from '../support/bigquery-on-fake.ts';
import type { FakeJob, FakeResult } from '../support/fake-bigquery.ts';
import { contextFor } from '../support/run-case.ts';
import { settingsRow } from '../support/settings-row.ts';

const newest = String(newestSchemaVersion());
const signal = new AbortController().signal;
const options = {
  normalizerVersion: 1,
  firstSeen: 'beginning',
  timeZone: 'Asia/Shanghai',
  catalog: bundledCatalog(),
} as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** The rows of `scene_lease` and `scene_meta`, as far as those who migrate see them. */
class Tables {
  schemaVersion: string | null;
  /** How many times the run lock is asked for in vain. */
  busyLooks: number;
  #migrator: string | null = null;

  constructor(schemaVersion: string | null, busyLooks = 0) {
    this.schemaVersion = schemaVersion;
    this.busyLooks = busyLooks;
  }

  readonly answer = ({ sql = '', parameters = {} }: Omit<FakeJob, 'result'>): FakeResult | undefined => {
    const { lease_id: lease, holder } = parameters;
    if (sql.startsWith('SELECT schema_version')) {
      return this.schemaVersion === null ? undefined : settingsRow({ schemaVersion: this.schemaVersion });
    }
    if (sql.includes('BEGIN TRANSACTION')) this.schemaVersion = newest;
    if (lease === 'target' && sql.startsWith('MERGE')) {
      this.busyLooks -= 1;
      return this.busyLooks >= 0 ? { affectedRows: 0 } : undefined;
    }
    if (lease !== 'migrate' || typeof holder !== 'string') return undefined;
    if (takesLease(sql)) {
      this.#migrator ??= holder;
      return this.#migrator === holder ? undefined : { affectedRows: 0 };
    }
    if (this.#migrator === holder) this.#migrator = null;
    return undefined;
  };
}

/** Each look at the clock is so much later, as if every job took that long; nobody sleeps between two looks. */
function passSeconds(seconds: number): void {
  let now = 0;
  vi.spyOn(systemTimer, 'sleep').mockResolvedValue(undefined);
  vi.spyOn(performance, 'now').mockImplementation(() => {
    now += seconds * 1_000;
    return now;
  });
}

const migrations = ({ fake }: LoaderOnFake) => fake.jobs.filter(({ sql }) => sql?.includes('BEGIN TRANSACTION')).length;

test('of four first migrations at once, one makes the dataset and the others find it made', async () => {
  const tables = new Tables(null);
  await using stage = await startLoaderOnFake({}, {}, { datasets: {}, answer: tables.answer });
  const results = await Promise.all(Array.from({ length: 4 }, () => stage.loader.migrate(options, signal)));
  const applied = results.map((result) => result.applied.length).sort();
  expect([applied, migrations(stage)]).toEqual([[0, 0, 0, Number(newest)], 1]);
});

describe('where every job takes 20 seconds', () => {
  test('migrate outlasts others that look at the schema', async () => {
    const tables = new Tables(newest, 3);
    await using stage = await startLoaderOnFake({}, {}, { answer: tables.answer });
    passSeconds(20);
    await migrateTarget(contextFor(stage.loader, { dimension: {}, guards: {} }));
    expect([tables.busyLooks, migrations(stage)]).toEqual([-1, 0]);
  });

  test('a run outlasts another one that upgrades the target', async () => {
    const tables = new Tables('1', 3);
    await using stage = await startLoaderOnFake({}, {}, { answer: tables.answer });
    passSeconds(20);
    await prepareTarget(contextFor(stage.loader, { dimension: {}, guards: {} }));
    expect([tables.busyLooks, migrations(stage)]).toEqual([-1, 1]);
  });
});

test('a lock that is held for longer than a migration takes is held by a run', async () => {
  const tables = new Tables(newest, 1_000);
  await using stage = await startLoaderOnFake({}, {}, { answer: tables.answer });
  passSeconds(200);
  await expect(migrateTarget(contextFor(stage.loader, { dimension: {}, guards: {} }))).rejects.toMatchObject({
    code: 'lock_held',
  });
});
