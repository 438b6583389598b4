/** A proxy for HTTP on loopback, of the kind that companies have: absolute URLs, and CONNECT. */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

export interface HttpProxy extends AsyncDisposable {
  /** Host and port. */
  readonly name: string;
  /** What it was asked for: `GET http://host/path` or `CONNECT host:443`, with the user and password that came along. */
  readonly asked: { readonly what: string; readonly credentials: string | null }[];
  /** Null: lets everything through; a number: answers with that status; `hang`: never answers. */
  behaviour: number | 'hang' | null;
}

/** `tunnelsTo`: the port on loopback where all tunnels lead. */
export async function startHttpProxy(tunnelsTo?: number): Promise<HttpProxy> {
  const sockets = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage) => {
    const [, encoded] = headers['proxy-authorization']?.split(' ') ?? [];
    const credentials = encoded === undefined ? null : Buffer.from(encoded, 'base64').toString();
    proxy.asked.push({ what: `${method} ${url?.split('?')[0]}`, credentials });
  };
  const server = createServer((message: IncomingMessage, response: ServerResponse) => {
    note(message);
    if (proxy.behaviour === 'hang') return;
    if (proxy.behaviour !== null) return void response.writeHead(proxy.behaviour).end('<html>proxy</html>');
    const { method, headers } = message;
    const { 'proxy-authorization': _, 'proxy-connection': __, ...others } = headers;
    const passed = request(new URL(message.url ?? ''), { method, headers: others }, (given) => {
      response.writeHead(given.statusCode ?? 500, given.headers);
      given.pipe(response);
    });
    message.pipe(passed);
  });
  server.on('connection', (socket) => void sockets.add(socket));
  server.on('connect', (message: IncomingMessage, client: Socket) => {
    note(message);
    client.on('error', () => {});
    if (proxy.behaviour === 'hang') return;
    if (proxy.behaviour !== null) {
      client.end(`HTTP/1.1 ${proxy.behaviour} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const host = connect(tunnelsTo ?? 1, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
    host.on('error', () => client.destroy());
    host.pipe(client).pipe(host);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: HttpProxy = {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    behaviour: null,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
