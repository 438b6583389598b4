/**
 * The BigQuery emulator local-bigquery for tests: finds what `.ci/install-local-bigquery` installed and runs it on loopback.
 * It never outlives the process that started it, not even when that process is killed: a watcher holds the other end of a pipe.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The project that the emulator serves. */
export const emulatorProject = 'test';

/** A running emulator with an empty store; disposing stops it and deletes its files. */
export interface RunningLocalBigquery extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`: what `target.apiEndpoint` takes. */
  readonly apiEndpoint: string;
}

/**
 * The folder of the installation: `SCENEDIM_TEST_LOCAL_BIGQUERY`, else `local-bigquery` in the cache of `.ci/run`; undefined
 * when there is none. A folder that is named but holds no emulator is an error.
 */
export function findLocalBigquery(): string | undefined {
  const named = process.env['SCENEDIM_TEST_LOCAL_BIGQUERY'];
  if (named) {
    if (isInstalled(named)) return named;
    throw new Error(
      `SCENEDIM_TEST_LOCAL_BIGQUERY: no local-bigquery in ${named}; run .ci/install-local-bigquery ${named}`,
    );
  }
  const cached = join(process.env['SCENEDIM_CACHE'] || '/var/cache/scenedim-ci', 'local-bigquery');
  return isInstalled(cached) ? cached : undefined;
}

function isInstalled(folder: string): boolean {
  return existsSync(join(folder, 'installed.txt')) && existsSync(join(folder, 'bin', 'local-bigquery'));
}

/** Starts the emulator only after it has a pipe whose end means "the test process is gone". */
const tiedToParent = 'exec 3<&0; (cat <&3 >/dev/null; kill -TERM $$ 2>/dev/null) & exec "$@" </dev/null 3<&-';

const readyWithinMs = 60_000;
const probeWithinMs = 2_000;
const stopWithinMs = 10_000;

/** Starts an emulator of its own on free ports; takes 4 to 14 seconds. */
export async function startLocalBigquery(folder: string): Promise<RunningLocalBigquery> {
  const directory = await mkdtemp(join(tmpdir(), 'scenedim-bigquery-'));
  const command = [
    ...[join(folder, 'bin', 'local-bigquery'), '--host', '127.0.0.1', '--port', '0', '--grpc-port', '0'],
    ...['--project', emulatorProject, '--dataset', 'boot', '--data-dir', join(directory, 'data')],
  ];
  const child = spawn('/bin/sh', ['-c', tiedToParent, 'local-bigquery', ...command], {
    cwd: directory,
    // Nothing else of the environment: a setting of the machine must not point the emulator elsewhere.
    env: { PATH: process.env['PATH'], HOME: join(folder, 'home'), PYTHONUNBUFFERED: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const log = keepTail(child);
  const dispose = async () => {
    await stop(child);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const apiEndpoint = await untilReady(child, log);
    return { apiEndpoint, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Follows what the child prints; the text is its last 8 KiB. */
function keepTail(child: ChildProcess): () => string {
  let tail = '';
  const add = (chunk: string) => {
    tail = `${tail}${chunk}`.slice(-8_192);
  };
  child.stdout?.setEncoding('utf8').on('data', add);
  child.stderr?.setEncoding('utf8').on('data', add);
  return () => tail;
}

/** With an extension missing the emulator lives and answers 400 to everything, so only an answer of 200 counts. */
async function untilReady(child: ChildProcess, log: () => string): Promise<string> {
  const deadline = Date.now() + readyWithinMs;
  let seen = 'it printed no address';
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`local-bigquery ended with ${child.exitCode ?? child.signalCode}:\n${log()}`);
    }
    const apiEndpoint = /running on (http:\/\/127\.0\.0\.1:\d+)/i.exec(log())?.[1];
    if (apiEndpoint !== undefined) {
      seen = await probe(apiEndpoint);
      if (seen === '200') return apiEndpoint;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`local-bigquery was not ready within ${readyWithinMs} ms (${seen}):\n${log()}`);
}

async function probe(apiEndpoint: string): Promise<string> {
  const url = `${apiEndpoint}/bigquery/v2/projects/${emulatorProject}/datasets`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(probeWithinMs) });
    await response.arrayBuffer();
    return String(response.status);
  } catch (error) {
    return String(error);
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = child.exitCode !== null || child.signalCode !== null;
  const exited = ended ? undefined : once(child, 'exit');
  child.kill('SIGTERM');
  const giveUp = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
  await exited;
  clearTimeout(giveUp);
  child.stdin?.destroy();
}
