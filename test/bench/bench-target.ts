/** The databases that figures are taken on. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { messageOf } from '../../src/error-text.ts';
import { ScenedimError } from '../../src/errors.ts';
import { createDatabase, postgresServers, psqlOf, startPostgres } from '../support/postgres-server.ts';
import { copyPglite } from '../support/prepared-pglite.ts';
import { openPostgresDatabase, type ViewDatabase } from '../support/view-database.ts';
import type { TargetType } from './bench-options.ts';
import { findPostmaster, serverCpuMs } from './server-cpu.ts';

export interface BenchTarget extends AsyncDisposable {
  readonly type: TargetType;
  /** With its version. */
  readonly name: string;
  createDatabase(): Promise<BenchDatabase>;
}

/** An empty database; disposing drops it. */
export interface BenchDatabase extends AsyncDisposable {
  /** The `target` section of the config. */
  readonly section: Readonly<Record<string, string>>;
  /** For the section, and for the command of the floor. */
  readonly env: Readonly<Record<string, string>>;
  /** The floor of a load: a file of tab-separated rows goes into a new table without an index. */
  copyCommand(file: string): readonly string[];
  /** Does what the server would do in the hour between two runs. */
  settle(): Promise<void>;
  serverCpuMs(): number | null;
  /** For queries of an analyst. No command runs meanwhile: a PGlite has one user. */
  connect(): Promise<ViewDatabase>;
}

const flatTable = 'CREATE TABLE flat (app_id text, scene_key text, scene_name text)';

const pgliteCopy = new URL('pglite-copy.ts', import.meta.url).pathname;

export function pgliteTarget(folder: string, version: string): BenchTarget {
  return {
    type: 'pglite',
    name: `PGlite ${version}`,
    async createDatabase() {
      const own = await mkdtemp(join(folder, 'pglite-'));
      const path = join(own, 'data');
      // To make a database is work of the first load and not of the floor.
      await copyPglite(join(own, 'flat'));
      return {
        section: { type: 'pglite', path },
        env: {},
        copyCommand: (file) => [process.execPath, pgliteCopy, join(own, 'flat'), file],
        settle: async () => {},
        serverCpuMs: () => null,
        async connect() {
          const database = await PGlite.create({ dataDir: path });
          return {
            query: async <Row>(statement: string) => (await database.query<Row>(statement)).rows,
            execute: async (script) => void (await database.exec(script)),
            [Symbol.asyncDispose]: () => database.close(),
          };
        },
        [Symbol.asyncDispose]: () => rm(own, { recursive: true }),
      };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

/** As a server that keeps data: the tests' own would lose it in a crash. */
const settings = { fsync: 'on', full_page_writes: 'on', shared_buffers: '256MB' };

/**
 * The server that `SCENEDIM_BENCH_URL` names, else one that is started: the newest of the tests'
 * servers. A text says why there is none.
 */
export async function postgresTarget(): Promise<BenchTarget | string> {
  const given = process.env['SCENEDIM_BENCH_URL'];
  const server = given === undefined ? newestServer() : undefined;
  if (given === undefined && server === undefined) {
    return 'no server: set SCENEDIM_TEST_PG_BIN to the bin folder of one, or SCENEDIM_BENCH_URL';
  }
  const psql = process.env['PSQL'] ?? (server === undefined ? 'psql' : psqlOf(server));
  try {
    execFileSync(psql, ['--version']);
  } catch {
    return `no psql, which the floor needs: set PSQL to it (tried ${psql})`;
  }
  await using owned = new AsyncDisposableStack();
  const running =
    given === undefined && server !== undefined ? owned.use(await startPostgres(server, { settings })) : null;
  const adminUrl = given ?? running?.url() ?? '';
  const admin = owned.use(await openPostgresDatabase(adminUrl).catch(refused('SCENEDIM_BENCH_URL')));
  const [row] = await admin.query<{ server_version: string; superuser: string }>(
    "SELECT current_setting('server_version') AS server_version, current_setting('is_superuser') AS superuser",
  );
  if (row?.superuser !== 'on') refused('SCENEDIM_BENCH_URL')('its user is no superuser');
  const postmaster = await findPostmaster(admin);
  const kept = owned.move();
  return {
    type: 'postgres',
    name: `PostgreSQL ${row?.server_version.split(' ')[0]}`,
    async createDatabase() {
      const database = await createDatabase(adminUrl);
      return {
        section: { type: 'postgres', url: '${DATABASE_URL}' },
        env: { DATABASE_URL: database.url, ...variablesOf(database.url) },
        copyCommand: (file) => [
          psql,
          '-Xq',
          '-v',
          'ON_ERROR_STOP=1',
          '-c',
          flatTable,
          '-c',
          `\\copy flat from '${file}'`,
        ],
        async settle() {
          await using connection = await openPostgresDatabase(database.url);
          await connection.execute('VACUUM (ANALYZE)');
          await connection.execute('CHECKPOINT');
        },
        serverCpuMs: () => (postmaster === null ? null : serverCpuMs(postmaster)),
        connect: () => openPostgresDatabase(database.url),
        [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
      };
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The tests say which folder is wrong, and the variable that names it. */
function newestServer() {
  try {
    return postgresServers().at(-1);
  } catch (cause) {
    return refused('PostgreSQL')(cause);
  }
}

function refused(what: string): (cause: unknown) => never {
  return (cause) => {
    const remedy =
      "set SCENEDIM_BENCH_URL to a superuser's URL of a server that runs, or SCENEDIM_TEST_PG_BIN to a bin folder";
    throw new ScenedimError('usage', `${what}: ${messageOf(cause)}`, { remedy, cause });
  };
}

/** What psql is told of a server: its arguments would show a password to others. */
function variablesOf(text: string): Readonly<Record<string, string>> {
  const url = new URL(text);
  const all = {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: url.pathname.slice(1),
    PGSSLMODE: url.searchParams.get('sslmode') ?? '',
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}
