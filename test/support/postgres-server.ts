/**
 * Real PostgreSQL servers for tests: finds server binaries and runs throw-away clusters on loopback. A cluster never outlives
 * the process that started it, not even when that process is killed: a watcher holds the other end of a pipe.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';

/** The binaries of one PostgreSQL version. */
export interface PostgresServer {
  /** The number before the first dot: 14, 15, … */
  readonly major: number;
  /** As the server prints it: `15.18`. */
  readonly version: string;
  /** Folder that holds `initdb` and `postgres`. */
  readonly binDir: string;
}

/** What a test may change about a cluster. */
export interface PostgresOptions {
  /** Server settings, as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files put into the data folder before the start (certificates, for one), by name; only the server can read them. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A database of its own for one test; disposing drops it, connections or not. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Connection string of the superuser `postgres`. */
  readonly url: string;
}

/** A running throw-away cluster; disposing stops it and deletes its files. */
export interface RunningPostgres extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly port: number;
  /** Folder of the Unix socket. */
  readonly socketDir: string;
  /** Connection string of `user` (default: the superuser `postgres`, who needs no password). */
  url(database?: string, user?: string, password?: string): string;
  createDatabase(): Promise<TestDatabase>;
  /** Stops the server at once, as a crash does; `start` brings it back on the same port with its data. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Every server version on this machine, oldest first, one per major: `SCENEDIM_TEST_PG_BIN`, else where Debian and pg_config say. */
export function postgresServers(): readonly PostgresServer[] {
  const named = process.env['SCENEDIM_TEST_PG_BIN'];
  const folders = named
    ? named.split(':').filter(Boolean)
    : [...globSync('/usr/lib/postgresql/*/bin'), ...pgConfigBinDir()];
  const byMajor = new Map<number, PostgresServer>();
  for (const binDir of folders) {
    const server = serverIn(binDir);
    if (server && !byMajor.has(server.major)) byMajor.set(server.major, server);
    if (!server && named) throw new Error(`SCENEDIM_TEST_PG_BIN: no initdb and postgres in ${binDir}`);
  }
  return [...byMajor.values()].sort((a, b) => a.major - b.major);
}

function pgConfigBinDir(): readonly string[] {
  try {
    return [execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()];
  } catch {
    return [];
  }
}

/** The server's own psql, else the one on PATH: servers from npm come without. */
export function psqlOf({ binDir }: PostgresServer): string {
  const own = join(binDir, 'psql');
  return existsSync(own) ? own : 'psql';
}

function serverIn(binDir: string): PostgresServer | undefined {
  const postgres = join(binDir, 'postgres');
  if (!existsSync(postgres) || !existsSync(join(binDir, 'initdb'))) return undefined;
  const version = /\d+(?:\.\d+)*/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[0];
  return version === undefined ? undefined : { major: Number.parseInt(version, 10), version, binDir };
}

/** Roles that are members of this group must give their password; everybody else is trusted. */
export const passwordGroup = 'needs_password';

const hostBasedAuthentication = `
local all all trust
host all +${passwordGroup} all scram-sha-256
host replication all all reject
host all all all trust
`;

/** Settings of every cluster: fast because nothing has to survive, and a time zone that is not UTC, as in real life. */
const baseSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  timezone: 'Asia/Shanghai',
  log_min_messages: 'fatal',
};

/** Starts the server only after it has a pipe whose end means "the test process is gone". */
export const tiedToParent = 'exec 3<&0; (cat <&3 >/dev/null; kill -QUIT $$ 2>/dev/null) & exec "$@" </dev/null 3<&-';

/** Makes and starts a cluster of its own; takes 1 to 4 seconds. */
export async function startPostgres(server: PostgresServer, options: PostgresOptions = {}): Promise<RunningPostgres> {
  const owner = unprivilegedOwner();
  const directory = await mkdtemp(join(tmpdir(), `scenedim-pg${server.major}-`));
  if (owner) await chown(directory, owner.uid, owner.gid);
  const dataDir = join(directory, 'data');
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 5 });
  const put = async (name: string, content: string) => {
    await writeFile(join(dataDir, name), content, { mode: 0o600 });
    if (owner) await chown(join(dataDir, name), owner.uid, owner.gid);
  };
  try {
    const initArguments = [
      '-D',
      dataDir,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    ];
    await run(join(server.binDir, 'initdb'), initArguments, { ...owner, cwd: directory });
    await put('pg_hba.conf', hostBasedAuthentication);
    for (const [name, content] of Object.entries(options.files ?? {})) await put(name, content);
  } catch (error) {
    await remove();
    throw error;
  }
  const port = await freePort();
  const settings = { ...baseSettings, port: String(port), unix_socket_directories: directory, ...options.settings };
  const serverArguments = [
    '-D',
    dataDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const url = (database = 'postgres', user = 'postgres', password?: string) =>
    `postgres://${user}${password === undefined ? '' : `:${encodeURIComponent(password)}`}@127.0.0.1:${port}/${database}`;
  let running: ChildProcess | undefined;

  const stop = async () => {
    const child = running;
    running = undefined;
    if (!child) return;
    const exited = child.exitCode !== null || child.signalCode !== null ? undefined : once(child, 'exit');
    child.kill('SIGQUIT');
    await exited;
    child.stdin?.destroy();
  };
  const start = async () => {
    const command = [tiedToParent, 'postgres', join(server.binDir, 'postgres'), ...serverArguments];
    const child = spawn('/bin/sh', ['-c', ...command], { ...owner, cwd: directory, stdio: ['pipe', 'ignore', 'pipe'] });
    running = child;
    const complaint = text(child.stderr).catch(() => '');
    const dead = once(child, 'exit').then(async ([code, signal]) => {
      throw new Error(`PostgreSQL ${server.version} ended with ${code ?? signal}: ${await complaint}`);
    });
    dead.catch(() => {});
    const waiting = new AbortController();
    await Promise.race([untilReady(url(), waiting.signal), dead]).finally(() => waiting.abort());
  };
  const dispose = async () => {
    await stop();
    await remove();
  };

  try {
    await start();
    await query(url(), `create role ${passwordGroup} nologin`);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    server,
    port,
    socketDir: directory,
    url,
    createDatabase: () => createDatabase(url()),
    stop,
    start,
    [Symbol.asyncDispose]: dispose,
  };
}

let databases = 0;

/** Creates an empty database beside the one that `adminUrl` names; the name says which process made it. */
export async function createDatabase(adminUrl: string): Promise<TestDatabase> {
  databases += 1;
  const name = `test_${process.pid}_${databases}`;
  await query(adminUrl, `create database ${name} template template0`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return {
    name,
    url: url.href,
    [Symbol.asyncDispose]: () => query(adminUrl, `drop database if exists ${name} with (force)`),
  };
}

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end();
  }
}

const readyWithinMs = 60_000;

async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyWithinMs;
  while (!signal.aborted) {
    try {
      return await query(url, 'select 1');
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** PostgreSQL and PgBouncer refuse to run as root: an unprivileged user that exists is used then. */
export function unprivilegedOwner(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = ['-u', '-g'].map((flag) =>
        Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' })),
      );
      if (uid !== undefined && gid !== undefined) return { uid, gid };
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody');
}

export async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return address.port;
}

async function run(
  command: string,
  args: readonly string[],
  options: { uid?: number; gid?: number; cwd: string },
): Promise<void> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${complaint}`);
}
