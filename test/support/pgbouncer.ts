/** A real PgBouncer before a server of the tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort, tiedToParent, unprivilegedOwner } from './postgres-server.ts';

const program = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/usr/local/bin/pgbouncer'].find(existsSync);

/** Why there is none on this machine; undefined where there is one. */
export const noPgbouncer = program === undefined ? 'no pgbouncer: install the package pgbouncer' : undefined;

export interface PgbouncerOptions {
  readonly mode: 'session' | 'transaction' | 'statement';
  readonly poolSize: number;
  /** More lines of its settings. */
  readonly settings?: readonly string[];
}

/** Starts one before the database of `url`; `url` of the result leads through it. */
export async function startPgbouncer(
  url: string,
  { mode, poolSize, settings = [] }: PgbouncerOptions,
): Promise<AsyncDisposable & { readonly url: string }> {
  if (program === undefined) throw new Error(noPgbouncer);
  const { hostname, port: serverPort, username, pathname } = new URL(url);
  const database = pathname.slice(1);
  const owner = unprivilegedOwner();
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-pgbouncer-'));
  const port = await freePort();
  const file = join(directory, 'pgbouncer.ini');
  const lines = [
    '[databases]',
    `${database} = host=${hostname} port=${serverPort} dbname=${database} user=${username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    `pool_mode = ${mode}`,
    `default_pool_size = ${poolSize}`,
    ...settings,
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  if (owner) for (const path of [directory, file]) await chown(path, owner.uid, owner.gid);
  const command = [tiedToParent, 'pgbouncer', program, '-q', file];
  const child = spawn('/bin/sh', ['-c', ...command], { ...owner, cwd: directory, stdio: ['pipe', 'ignore', 'pipe'] });
  const complaint = text(child.stderr).catch(() => '');
  const exited = once(child, 'exit');
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}: ${await complaint}`);
  }
  const pooled = new URL(url);
  pooled.port = String(port);
  return {
    url: pooled.href,
    async [Symbol.asyncDispose]() {
      child.kill('SIGQUIT');
      await exited;
      child.stdin.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
