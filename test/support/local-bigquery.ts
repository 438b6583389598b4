/**
 * Vitest global setup: one BigQuery emulator for the whole run, started when the first suite asks for it and stopped at the end.
 * Suites reach it over a loopback port of the main process.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { findLocalBigquery, type RunningLocalBigquery, startLocalBigquery } from './local-bigquery-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** `GET <this>` answers the emulator's endpoint; null when none is installed. */
    readonly localBigquery: string | null;
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const folder = findLocalBigquery();
  if (folder === undefined) {
    project.provide('localBigquery', null);
    return undefined;
  }
  let emulator: Promise<RunningLocalBigquery> | undefined;
  const listener = createServer(async (_request, response) => {
    try {
      emulator ??= startLocalBigquery(folder);
      response.end((await emulator).apiEndpoint);
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
    const started = await emulator?.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
  };
}
