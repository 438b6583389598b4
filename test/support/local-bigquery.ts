/**
 * Vitest global setup: a BigQuery emulator for each worker, started when its first suite asks for it and stopped at the end. One
 * emulator keeps one core busy, whoever asks, and is the slower the more tables it has. Suites reach it over a loopback port of the
 * main process.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { findLocalBigquery, type RunningLocalBigquery, startLocalBigquery } from './local-bigquery-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `GET <this>/<worker>` answers the endpoint of the worker's emulator; null when none is installed. */
    readonly localBigquery: string | null;
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const folder = findLocalBigquery();
  if (folder === undefined) {
    project.provide('localBigquery', null);
    return undefined;
  }
  const emulators = new Map<string, Promise<RunningLocalBigquery>>();
  const emulatorOf = (worker: string) => {
    const emulator = emulators.get(worker) ?? startLocalBigquery(folder);
    emulators.set(worker, emulator);
    return emulator;
  };
  const listener = createServer(async (request, response) => {
    try {
      response.end((await emulatorOf(request.url ?? '/')).apiEndpoint);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  project.provide('localBigquery', `http://127.0.0.1:${address.port}`);

  return async () => {
    listener.close();
    listener.closeAllConnections();
    const started = await Promise.allSettled(emulators.values());
    await Promise.all(
      started.map((result) => (result.status === 'fulfilled' ? result.value : null)?.[Symbol.asyncDispose]()),
    );
  };
}
