import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { appendLine } from '../append-line.ts';
import type { LineageTransport } from './find-lineage-transport.ts';

/** Takes events. */
export interface LineageSender {
  /** Where they go, for messages: a host or a file, without a key. */
  readonly to: string;
  /** Sends an event, which is JSON in one line. */
  send(event: string, signal: AbortSignal): Promise<void>;
}

export interface SenderSurroundings {
  readonly workingDirectory: string;
  /** Says where a proxy is. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The log, which is the console of this transport. */
  readonly log: (event: string) => void;
}

export function senderOf(
  transport: LineageTransport,
  { environment, workingDirectory, log }: SenderSurroundings,
): LineageSender {
  switch (transport.type) {
    case 'http': {
      const url = new URL(transport.endpoint, transport.url);
      const send: LineageSender['send'] = (event, signal) => post(url, transport, event, environment, signal);
      return { to: `the OpenLineage server ${url.host}`, send };
    }
    case 'file': {
      const { log_file_path: given, append } = transport;
      const path = given.startsWith('file://') ? fileURLToPath(given) : resolve(workingDirectory, given);
      const store = (event: string): Promise<void> =>
        append ? appendLine(path, event) : writeFile(`${path}-${timestamp()}.json`, `${event}\n`);
      return { to: path, send: store };
    }
    default:
      return { to: 'the log', send: async (event) => log(event) };
  }
}

type HttpTransport = Extract<LineageTransport, { readonly type: 'http' }>;

async function post(
  url: URL,
  transport: HttpTransport,
  event: string,
  environment: SenderSurroundings['environment'],
  signal: AbortSignal,
): Promise<void> {
  const isZipped = transport.compression === 'gzip';
  const body = isZipped ? gzipSync(event) : Buffer.from(event);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    ...(isZipped && { 'Content-Encoding': 'gzip' }),
    ...(transport.auth !== null && { Authorization: `Bearer ${transport.auth}` }),
    ...transport.headers,
    ...transport.custom_headers,
  };
  const { request, Agent } = url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  using agent = disposable(new Agent({ proxyEnv: environment }));
  const options = { method: 'POST', headers, agent, signal, rejectUnauthorized: transport.verify };
  const sent = request(url, options).on('error', () => {});
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  // Its body says nothing that a run could do anything about.
  answer.on('error', () => {}).destroy();
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`it answered ${status}`);
}

function disposable<T extends { destroy(): void }>(resource: T): T & Disposable {
  return Object.assign(resource, { [Symbol.dispose]: () => resource.destroy() });
}

/** Local time in microseconds, as `20260301-020000.123456`. */
function timestamp(): string {
  const micros = Math.floor((performance.timeOrigin + performance.now()) * 1000);
  const time = new Date(micros / 1000);
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = `${time.getFullYear()}${two(time.getMonth() + 1)}${two(time.getDate())}`;
  const clock = `${two(time.getHours())}${two(time.getMinutes())}${two(time.getSeconds())}`;
  return `${date}-${clock}.${String(micros % 1_000_000).padStart(6, '0')}`;
}
