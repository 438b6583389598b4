/**
 * Vitest global setup: one cluster per PostgreSQL version for the whole run, started when the first suite asks for it and
 * stopped at the end. Suites reach it over a loopback port of the main process.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { TestProject } from 'vitest/node';
import { type PostgresServer, postgresServers, type RunningPostgres, startPostgres } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly postgresServers: readonly PostgresServer[];
    /** `GET <this>/<major>` answers the superuser's connection string of that version's cluster. */
    readonly postgresClusters: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = postgresServers();
  const clusters = new Map<number, Promise<RunningPostgres>>();
  const cluster = (server: PostgresServer) => {
    const started = clusters.get(server.major) ?? startPostgres(server);
    clusters.set(server.major, started);
    return started;
  };
  const listener = createServer(async (request, response) => {
    const server = servers.find(({ major }) => request.url === `/${major}`);
    try {
      if (!server) throw new Error(`no PostgreSQL ${request.url} on this machine`);
      response.end((await cluster(server)).url());
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  project.provide('postgresServers', servers);
  project.provide('postgresClusters', `http://127.0.0.1:${address.port}`);

  return async () => {
    listener.close();
    listener.closeAllConnections();
    const started = await Promise.allSettled(clusters.values());
    await Promise.all(
      started.map((each) => (each.status === 'fulfilled' ? each.value[Symbol.asyncDispose]() : undefined)),
    );
  };
}
