import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../clock.ts';
import { errorCodeOf } from '../error-text.ts';
import type { Micros } from '../instant.ts';
import { assertProxies } from '../secrets/assert-proxies.ts';
import { TimeLimitReached, withTimeLimit } from './time-limit.ts';

/**
 * WeChat over `node:http`: redirects are answers, content types are ignored, bodies are bytes of limited length. Not `fetch`,
 * which takes three times the time and memory (measured: 10,000 answers, 290 MB instead of 107) and does not tell a connection
 * that was never made from one that broke. Proxies from the environment are used when `NODE_USE_ENV_PROXY=1`, as in `fetch`.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  if (process.env.NODE_USE_ENV_PROXY === '1') assertProxies(process.env);
  const agentOptions = { keepAlive: true, ...(process.env.NODE_USE_ENV_PROXY === '1' && { proxyEnv: process.env }) };
  const agents = { 'http:': new HttpAgent(agentOptions), 'https:': new HttpsAgent(agentOptions) };

  async function send(baseUrl: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const url = urlOf(baseUrl, request);
    const progress: Progress = { connected: false, reused: false, answered: false };
    const open = (settings: RequestOptions) =>
      url.protocol === 'https:'
        ? httpsRequest(url, { ...settings, agent: agents['https:'] })
        : httpRequest(url, { ...settings, agent: agents['http:'] });
    try {
      return await withTimeLimit(signal, options.timeoutMs, async (limited) => {
        const incoming = await respond(open, request, progress, limited);
        // A connection that was switched to another protocol has no body that would end.
        const body =
          incoming.statusCode === 101 ? new Uint8Array() : await readBody(incoming, options.maxBodyBytes, url.host);
        return {
          status: incoming.statusCode ?? 0,
          date: incoming.headers.date ?? null,
          body,
          receivedAt: options.clock.now(),
        };
      });
    } catch (error) {
      signal.throwIfAborted();
      throw httpErrorOf(error, url.host, progress, options.timeoutMs);
    }
  }

  return {
    send,
    async [Symbol.asyncDispose]() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** One request; `baseUrl` is chosen by the client. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Added to those of every request; one of the same name replaces it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, as one string: WeChat answers 412 without a Content-Length. */
  readonly json?: Readonly<Record<string, unknown>>;
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** The `Date` header. */
  readonly date: string | null;
  readonly body: Uint8Array;
  /** When the last byte had arrived, by our clock. */
  readonly receivedAt: Micros;
}

/** `connect`: no connection, DNS included; `tls`: no TLS, or a certificate that is not trusted; `stale`: a kept-alive connection had been closed before it was used again. */
export type HttpErrorKind = 'connect' | 'tls' | 'stale' | 'network' | 'timeout' | 'too_large';

/** No whole answer. The message names host and reason, never the URL: tokens travel in it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: HttpErrorKind;

  constructor(kind: HttpErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface HttpClientOptions {
  /** For one request, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number;
  /** A longer body is given up while it arrives. */
  readonly maxBodyBytes: number;
  readonly clock: Clock;
}

export interface HttpClient extends AsyncDisposable {
  /** One attempt. Rejects with {@link HttpError}, or with the reason of the signal. */
  send(baseUrl: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

/** How far a request came, which is what tells its failures apart. */
interface Progress {
  connected: boolean;
  reused: boolean;
  answered: boolean;
}

function respond(
  open: (settings: RequestOptions) => ClientRequest,
  request: HttpRequest,
  progress: Progress,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = request.json === undefined ? '' : JSON.stringify(request.json);
    const headers = {
      accept: 'application/json',
      // Identity, so that the bytes that are kept are the bytes that were sent.
      'accept-encoding': 'identity',
      'user-agent': 'scenedim',
      ...request.headers,
      ...(body !== '' && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const outgoing = open({ method: request.method, headers, signal });
    outgoing.on('socket', (socket) => {
      if (outgoing.reusedSocket) {
        progress.reused = true;
        progress.connected = true;
        return;
      }
      socket.once(outgoing.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        progress.connected = true;
      });
    });
    outgoing.on('response', (incoming) => {
      progress.answered = true;
      resolve(incoming);
    });
    outgoing.on('upgrade', (incoming, socket) => {
      progress.answered = true;
      socket.destroy();
      resolve(incoming);
    });
    outgoing.on('error', reject);
    // The last event of every request; settles nothing after a response or an error.
    outgoing.on('close', () => reject(new Error('closed without an answer')));
    outgoing.end(body);
  });
}

async function readBody(incoming: IncomingMessage, maxBytes: number, host: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early destroys the stream, and with it the connection.
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new HttpError('too_large', `the answer of ${host} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function urlOf(baseUrl: string, request: HttpRequest): URL {
  const url = new URL(baseUrl.replace(/\/+$/, '') + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  return url;
}

function httpErrorOf(error: unknown, host: string, progress: Progress, timeoutMs: number): HttpError {
  if (error instanceof HttpError) return error;
  const late = codeOf(error) === 'ABORT_ERR' || error instanceof TimeLimitReached;
  const reason = late ? `within ${timeoutMs} ms` : `(${codeOf(error)})`;
  if (!progress.connected) {
    return new HttpError(isTlsFault(codeOf(error)) ? 'tls' : 'connect', `cannot connect to ${host} ${reason}`);
  }
  if (late) return new HttpError('timeout', `no whole answer from ${host} ${reason}`);
  if (progress.reused && !progress.answered)
    return new HttpError('stale', `${host} had closed a kept-alive connection ${reason}`);
  return new HttpError('network', `the connection to ${host} broke before the answer was whole ${reason}`);
}

/** True for the codes of OpenSSL and Node with which a TLS handshake ends. */
function isTlsFault(code: string): boolean {
  return /^(?:EPROTO$|ERR_(?:TLS|SSL)_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|INVALID_|HOSTNAME_)/.test(code);
}

/** An AggregateError of several addresses carries the code on itself or on its members. */
function codeOf(error: unknown): string {
  const inner = error instanceof AggregateError ? errorCodeOf(error.errors[0]) : undefined;
  return errorCodeOf(error) ?? inner ?? 'no reason given';
}
