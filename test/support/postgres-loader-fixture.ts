import pg from 'pg';
import {
  insertOf,
  instantAt,
  sampleChangeSet,
  sampleHeadChange,
  sampleObservation,
  sampleVersion,
} from '../../src/load/contract/sample-rows.ts';
import type { ChangeSet, Loader } from '../../src/load/loader.ts';
import type { LoaderContext } from '../../src/load/loader-factory.ts';
import { parsePostgresConfig } from '../../src/load/postgres/postgres-config.ts';
import { createPostgresLoader } from '../../src/load/postgres/postgres-loader.ts';

/** A signal that nobody aborts. */
export const signal: AbortSignal = new AbortController().signal;

/** A loader of the schema `scene`. */
export async function open(url: string, section: object = {}, onRetry?: LoaderContext['onRetry']): Promise<Loader> {
  const config = parsePostgresConfig({ type: 'postgres', url, ...section });
  return createPostgresLoader(config, onRetry === undefined ? {} : { onRetry });
}

/** A plain connection that closes with its scope. */
export async function connect(url: string): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Runs one statement and returns its rows. */
export async function query(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<readonly unknown[]> {
  await using client = await connect(url);
  return (await client.query(statement, [...values])).rows;
}

/** The connection string for another user. */
export function asUser(url: string, user: string, password = ''): string {
  const changed = new URL(url);
  changed.username = user;
  changed.password = password;
  return changed.href;
}

/** A batch that adds one account with one version. */
export function oneAccount(appId: string, batch = 1): ChangeSet {
  return sampleChangeSet(batch, {
    heads: [sampleHeadChange(appId, null)],
    observations: [sampleObservation(appId, instantAt(0))],
    versions: [insertOf(sampleVersion(appId, '1', instantAt(0)))],
  });
}

/** Waits until a backend of the database waits for a lock; returns its pid. */
export async function untilBlocked(client: pg.Client): Promise<number> {
  for (;;) {
    // Within a transaction the list of backends is otherwise that of the first look.
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query<{ pid: number }>(
      'select pid from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
    );
    const [found] = rows;
    if (found !== undefined) return found.pid;
  }
}

/** Resolves when the signal is aborted, with its reason. */
export function aborted(lost: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    if (lost.aborted) resolve(lost.reason);
    lost.addEventListener('abort', () => resolve(lost.reason), { once: true });
  });
}

/** Rows of every table that a batch writes. */
export const countRows = `select
  (select count(*)::integer from scene.scene_account) as accounts,
  (select count(*)::integer from scene.scene_observation) as observations,
  (select count(*)::integer from scene.dim_scene) as versions,
  (select count(*)::integer from scene.scene_run) as runs`;
