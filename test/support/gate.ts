/** A proxy in front of the simulator that lets nothing through until it is opened: runs stay in the middle as long as a test wants. */
import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Gate extends AsyncDisposable {
  /** For `source.baseUrl`. */
  readonly url: string;
  open(): void;
}

export async function startGate(upstream: string): Promise<Gate> {
  const opened = Promise.withResolvers<void>();
  const server = createServer(async (request, response) => {
    const body = await Array.fromAsync(request);
    await opened.promise;
    const answer = await fetch(new URL(request.url ?? '/', upstream), {
      method: request.method ?? 'GET',
      ...(body.length > 0 && { body: Buffer.concat(body) }),
    });
    response.setHeader('Date', answer.headers.get('date') ?? '');
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no free port on loopback');
  return {
    url: `http://127.0.0.1:${address.port}`,
    open: opened.resolve,
    [Symbol.asyncDispose]: async () => {
      opened.resolve();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
