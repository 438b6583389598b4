/** Prometheus and what belongs to it, as Debian builds them. Nothing is installed on the machine. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { folderOf, type Tool } from '../support/installed-tool.ts';

const execute = promisify(execFile);
const packages = new URL('debian-packages.txt', import.meta.url).pathname;

export const prometheusTools: Tool = {
  name: 'operators-prometheus',
  needs: ['apt-get', 'dpkg'],
  versions: [packages],
  async install(folder) {
    const names = (await readFile(packages, 'utf8')).trimEnd().split('\n');
    await execute('apt-get', ['download', ...names], { cwd: folder });
    for (const file of globSync('*.deb', { cwd: folder })) await execute('dpkg', ['-x', file, '.'], { cwd: folder });
  },
};

const program = (name: string): string => join(folderOf(prometheusTools), 'usr/bin', name);

/** What promtool says, on either stream. */
export async function promtool(
  args: readonly string[],
  { cwd = process.cwd(), input = '' } = {},
): Promise<{ readonly code: number; readonly said: string }> {
  const child = spawn(program('promtool'), args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, said: out + err };
}

/** A server of Prometheus' family on a port of its own. */
export interface Daemon extends AsyncDisposable {
  readonly url: string;
  get(path: string): Promise<string>;
}

export const startPushgateway = (): Promise<Daemon> => start('prometheus-pushgateway', ['--persistence.file=']);

/** node_exporter that reads the files of a folder and nothing else. */
export const startNodeExporter = (folder: string): Promise<Daemon> =>
  start('prometheus-node-exporter', [
    '--collector.disable-defaults',
    '--collector.textfile',
    `--collector.textfile.directory=${folder}`,
  ]);

/** Prometheus with the config `prometheus.yml` of a folder, where it also keeps what it scrapes. */
export const startPrometheus = (folder: string): Promise<Daemon> =>
  start('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'tsdb')}`,
  ]);

async function start(name: string, args: readonly string[]): Promise<Daemon> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program(name), [`--web.listen-address=127.0.0.1:${port}`, ...args], { stdio: 'ignore' });
  const closed = once(child, 'close');
  const isReady = () =>
    fetch(`${url}/metrics`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (child.exitCode === null && !(await isReady())) await delay(50);
  if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
  return {
    url,
    get: async (path) => (await fetch(`${url}${path}`)).text(),
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
