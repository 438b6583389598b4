/** A server that takes OpenLineage events, as they come, and fails as it is told. */
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { listenOnLoopback } from './listen-on-loopback.ts';

export interface ReceivedEvent {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it came, gzip taken off. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: an event of any kind
  readonly event: any;
}

export interface LineageServer extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly ReceivedEvent[];
  /** A status for every answer, or `hang`: no answer at all. Default 201. */
  answer: number | 'hang';
}

export async function startLineageServer(): Promise<LineageServer> {
  const received: ReceivedEvent[] = [];
  const server = await listenOnLoopback(async (request, response) => {
    const bytes = await buffer(request);
    const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    received.push({ path: request.url ?? '', headers: request.headers, text, event: JSON.parse(text) });
    if (running.answer === 'hang') return;
    response.writeHead(running.answer, { Location: '/elsewhere' }).end('{}');
  });
  const running: LineageServer = {
    url: server.url,
    received,
    answer: 201,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return running;
}
