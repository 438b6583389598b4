import type { ConnectionOptions } from './connection-options.ts';
import { PostgresConnection } from './postgres-connection.ts';

/** Opens a connection to the target. */
export function openConnection({ client }: ConnectionOptions, signal: AbortSignal): Promise<PostgresConnection> {
  return PostgresConnection.open(client, signal);
}
