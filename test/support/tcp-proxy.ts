/** What stands between a client and a server: a pooler with few connections, a network that stalls. */
import { once } from 'node:events';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Sockets stay open, nothing is forwarded any more. */
  stall(): void;
}

export interface TcpProxyOptions {
  readonly port: number;
  /** Where it listens. Default: any free port. */
  readonly listenOn?: number;
  /** Connections that are served at once; more are taken and wait, as a pooler in session mode lets them. Default: any. */
  readonly limit?: number;
  /** True when a client keeps its socket after the server has closed the other one. Default false. */
  readonly keepsClients?: boolean;
}

/** A proxy on loopback before a server on loopback. */
export async function startTcpProxy({
  port,
  listenOn = 0,
  limit = Number.POSITIVE_INFINITY,
  keepsClients = false,
}: TcpProxyOptions): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const waiting: Socket[] = [];
  let served = 0;
  let isStalled = false;

  const serve = (client: Socket): void => {
    served += 1;
    const server = tcpConnect(port, '127.0.0.1');
    sockets.add(server);
    const forward = (from: Socket, to: Socket) => {
      from.on('data', (bytes) => void (isStalled || to.write(bytes)));
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (!isStalled && (to !== client || !keepsClients)) to.destroy();
      });
    };
    forward(client, server);
    forward(server, client);
    server.on('close', () => {
      served -= 1;
      const next = waiting.shift();
      if (next !== undefined) serve(next);
    });
  };

  const listener = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    if (isStalled) return;
    if (served < limit) serve(client);
    else waiting.push(client);
  });
  listener.listen(listenOn, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    stall: () => {
      isStalled = true;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
