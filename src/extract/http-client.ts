import {
  type AgentOptions,
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
import { type FindProxy, type HttpProxy, proxyFinder } from './proxy.ts';
import { TimeLimitReached, withTimeLimit } from './time-limit.ts';

/**
 * WeChat over `node:http`: redirects are answers, content types are ignored, bodies are bytes of limited length. Not `fetch`,
 * which takes three times the time and memory (measured: 10,000 answers, 290 MB instead of 107) and does not tell a connection
 * that was never made from one that broke.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { findProxy = proxyFinder(undefined, process.env) } = options;
  const agents = new Agents();

  async function send(baseUrl: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const url = urlOf(baseUrl, request);
    const { timeoutMs = options.timeoutMs } = request;
    const proxy = findProxy(url);
    const progress: Progress = { connected: false, reused: false, answered: false };
    // Nothing but its time limit ends the wait for a proxy that is asked for a tunnel.
    const waits = proxy === null ? {} : { timeout: timeoutMs };
    const open = (settings: RequestOptions) =>
      url.protocol === 'https:'
        ? httpsRequest(url, { ...settings, ...waits, agent: agents.https(proxy) })
        : httpRequest(url, { ...settings, ...waits, agent: agents.http(proxy) });
    try {
      return await withTimeLimit(signal, timeoutMs, async (limited) => {
        const incoming = await respond(open, request, progress, limited);
        if (proxy !== null && incoming.statusCode === 407) throw proxyRefused(proxy, 407, url.host);
        // A connection that was switched to another protocol has no body that would end.
        const body =
          incoming.statusCode === 101 ? new Uint8Array() : await readBody(incoming, options.maxBodyBytes, url.host);
        return {
          status: incoming.statusCode ?? 0,
          date: incoming.headers.date ?? null,
          body,
          receivedAt: options.clock.now(),
          // What comes out of a tunnel is the host's own.
          ...(proxy !== null && url.protocol === 'http:' && { proxy: proxy.name }),
        };
      });
    } catch (error) {
      signal.throwIfAborted();
      throw httpErrorOf(error, { host: url.host, proxy }, progress, timeoutMs);
    }
  }

  return {
    send,
    async [Symbol.asyncDispose]() {
      agents.destroy();
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
  /** As of {@link HttpClientOptions}; default that one. */
  readonly timeoutMs?: number;
}

/** A whole answer, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** The `Date` header. */
  readonly date: string | null;
  readonly body: Uint8Array;
  /** When the last byte had arrived, by our clock. */
  readonly receivedAt: Micros;
  /** The proxy that may have answered in place of the host. */
  readonly proxy?: string;
}

/**
 * `connect`: no connection, DNS included; `proxy`: a proxy let nothing through; `tls`: no TLS, or a
 * certificate that is not trusted; `stale`: a kept-alive connection had been closed before it was
 * used again.
 */
export type HttpErrorKind = 'connect' | 'proxy' | 'tls' | 'stale' | 'network' | 'timeout' | 'too_large';

/** No whole answer. The message names host and reason, never the URL: tokens travel in it. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: HttpErrorKind;
  /** Of kind `proxy`: which one, and the status with which it refused. */
  readonly refusal: ProxyRefusal | null;

  constructor(kind: HttpErrorKind, message: string, refusal: ProxyRefusal | null = null) {
    super(message);
    this.kind = kind;
    this.refusal = refusal;
  }
}

/** A proxy that let nothing through. */
export interface ProxyRefusal {
  readonly proxy: HttpProxy;
  /** Null when it did not answer. */
  readonly status: number | null;
  /** What lies behind it. */
  readonly host: string;
}

export interface HttpClientOptions {
  /** For one request, from connecting to the last byte, in milliseconds. */
  readonly timeoutMs: number;
  /** A longer body is given up while it arrives. */
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  /** Default: those of the environment when `NODE_USE_ENV_PROXY=1`, as in `fetch`. */
  readonly findProxy?: FindProxy;
}

export interface HttpClient extends AsyncDisposable {
  /** One attempt. Rejects with {@link HttpError}, or with the reason of the signal. */
  send(baseUrl: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

/** Connections are kept for each proxy and for what is asked directly. */
class Agents {
  readonly #http = new Map<string, HttpAgent>();
  readonly #https = new Map<string, HttpsAgent>();

  http(proxy: HttpProxy | null): HttpAgent {
    const key = proxy?.url ?? '';
    const agent = this.#http.get(key) ?? new HttpAgent(agentOptions(proxy));
    this.#http.set(key, agent);
    return agent;
  }

  https(proxy: HttpProxy | null): HttpsAgent {
    const key = proxy?.url ?? '';
    const agent = this.#https.get(key) ?? new HttpsAgent(agentOptions(proxy));
    this.#https.set(key, agent);
    return agent;
  }

  destroy(): void {
    for (const agent of [...this.#http.values(), ...this.#https.values()]) agent.destroy();
  }
}

function agentOptions(proxy: HttpProxy | null): AgentOptions {
  if (proxy === null) return { keepAlive: true };
  return { keepAlive: true, proxyEnv: { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url } };
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

/** What was asked, and through which proxy. */
interface Way {
  readonly host: string;
  readonly proxy: HttpProxy | null;
}

function httpErrorOf(error: unknown, { host, proxy }: Way, progress: Progress, timeoutMs: number): HttpError {
  if (error instanceof HttpError) return error;
  const status = statusOfTunnel(error);
  if (proxy !== null && status !== null) return proxyRefused(proxy, status, host);
  const code = codeOf(error);
  const late = code === 'ABORT_ERR' || code === NO_TUNNEL || error instanceof TimeLimitReached;
  const way = proxy === null ? host : `${host} through the proxy ${proxy.name}`;
  const reason = late ? `within ${timeoutMs} ms` : `(${code})`;
  if (!progress.connected) {
    const message = `cannot connect to ${way} ${reason}`;
    if (isTlsFault(code)) return new HttpError('tls', message);
    return proxy === null
      ? new HttpError('connect', message)
      : new HttpError('proxy', message, { proxy, status: null, host });
  }
  if (late) return new HttpError('timeout', `no whole answer from ${way} ${reason}`);
  if (progress.reused && !progress.answered)
    return new HttpError('stale', `${way} had closed a kept-alive connection ${reason}`);
  return new HttpError('network', `the connection to ${way} broke before the answer was whole ${reason}`);
}

function proxyRefused(proxy: HttpProxy, status: number, host: string): HttpError {
  const message = `the proxy ${proxy.name} answered HTTP ${status} in place of ${host}`;
  return new HttpError('proxy', message, { proxy, status, host });
}

/** Node's code for a proxy that gives no tunnel to a host, by an answer or by none. */
const NO_TUNNEL = 'ERR_PROXY_TUNNEL';

function statusOfTunnel(error: unknown): number | null {
  if (errorCodeOf(error) !== NO_TUNNEL) return null;
  const { statusCode } = error as { readonly statusCode?: unknown };
  return typeof statusCode === 'number' ? statusCode : null;
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
