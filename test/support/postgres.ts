/** Suites on real PostgreSQL: {@link describePostgres} runs one on every server version of this machine. */
import { beforeAll, describe, inject, test } from 'vitest';
import { createDatabase, type PostgresServer, type TestDatabase } from './postgres-server.ts';

export {
  createDatabase,
  type PostgresServer,
  passwordGroup,
  startPostgres,
  type TestDatabase,
} from './postgres-server.ts';

/** What a suite gets: one server version, whose cluster all test files of the run share. */
export interface PostgresSuite {
  readonly server: PostgresServer;
  /** An empty database; `await using` drops it. Call it inside tests and hooks. */
  createDatabase(): Promise<TestDatabase>;
  /** Connection string of the superuser's own database, for roles and other things that are not of one database. */
  adminUrl(): string;
}

export interface PostgresSuiteOptions {
  /** `all` (default): every version found; `newest`: one, for slow suites. */
  readonly versions?: 'all' | 'newest';
}

/**
 * Runs `suite` as `describe('<name> (PostgreSQL 15.18)')` for each version. With no server there it is one visibly skipped
 * test, and a failing one when `SCENEDIM_TEST_REQUIRE_ALL=1`.
 */
export function describePostgres(
  name: string,
  suite: (postgres: PostgresSuite) => void,
  options: PostgresSuiteOptions = {},
): void {
  const found = inject('postgresServers');
  const servers = options.versions === 'newest' ? found.slice(-1) : found;
  if (servers.length === 0) withoutServer(name);
  for (const server of servers) {
    describe(`${name} (PostgreSQL ${server.version})`, () => {
      let url: string | undefined;
      beforeAll(async () => {
        url = await clusterUrl(server);
      }, 120_000);
      const adminUrl = () => {
        if (url === undefined) throw new Error('the cluster is there only inside tests and hooks');
        return url;
      };
      suite({ server, adminUrl, createDatabase: () => createDatabase(adminUrl()) });
    });
  }
}

/** Starts the run's shared cluster of `server` unless it is there; returns the superuser's connection string. */
export async function clusterUrl(server: PostgresServer): Promise<string> {
  const response = await fetch(`${inject('postgresClusters')}/${server.major}`);
  const answer = await response.text();
  if (!response.ok) throw new Error(`PostgreSQL ${server.version} did not start: ${answer}`);
  return answer;
}

function withoutServer(name: string): void {
  skipVisibly(name, 'no PostgreSQL server: install one or set SCENEDIM_TEST_PG_BIN to its bin folder');
}

/** One test that is skipped visibly because something is not installed, and fails when `SCENEDIM_TEST_REQUIRE_ALL=1`. */
export function skipVisibly(name: string, reason: string): void {
  if (process.env['SCENEDIM_TEST_REQUIRE_ALL'] === '1') {
    test(name, () => {
      throw new Error(reason);
    });
  } else {
    // biome-ignore lint/suspicious/noSkippedTests: the one place that skips, visibly, and never in CI
    test.skip(`${name} (${reason})`, () => {});
  }
}
