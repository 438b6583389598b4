import type { Micros } from '../instant.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { TimeLimitReached, withTimeLimit } from './time-limit.ts';

/** One request; `baseUrl` is chosen by the client. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
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

export const httpErrorKinds = ['connect', 'closed', 'network', 'timeout', 'too_large'] as const;
/** `connect`: no connection, DNS and TLS included; `closed`: the peer closed a connection without a whole answer. */
export type HttpErrorKind = (typeof httpErrorKinds)[number];

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
  /** Asked before every request. */
  readonly rateLimiter: RateLimiter;
  readonly clock: { now(): Micros };
}

export interface HttpClient {
  /** One attempt. Rejects with {@link HttpError}, or with the reason of the signal. */
  send(baseUrl: string, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
}

/** WeChat over the `fetch` of Node: redirects are answers, content types are ignored, bodies are bytes of limited length. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return {
    async send(baseUrl, request, signal) {
      await options.rateLimiter.take(signal);
      const url = urlOf(baseUrl, request);
      try {
        return await withTimeLimit(signal, options.timeoutMs, (limited) => exchange(url, request, limited, options));
      } catch (error) {
        signal.throwIfAborted();
        throw httpErrorOf(error, url.host);
      }
    },
  };
}

async function exchange(
  url: URL,
  request: HttpRequest,
  signal: AbortSignal,
  options: HttpClientOptions,
): Promise<HttpAnswer> {
  const response = await fetch(url, {
    method: request.method,
    redirect: 'manual',
    signal,
    // Identity, so that the bytes that are kept are the bytes that were sent.
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(request.json && { 'content-type': 'application/json' }),
    },
    ...(request.json && { body: JSON.stringify(request.json) }),
  });
  const body = await readBody(response, options.maxBodyBytes, url.host);
  return { status: response.status, date: response.headers.get('date'), body, receivedAt: options.clock.now() };
}

async function readBody(response: Response, maxBytes: number, host: string): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
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

const CLOSED_CODES: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const CONNECT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** `fetch` rejects with a TypeError whose causes say what happened. */
function httpErrorOf(error: unknown, host: string): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof TimeLimitReached)
    return new HttpError('timeout', `no answer from ${host} within ${error.limitMs} ms`);
  const code = codeOf(error) ?? 'no reason given';
  if (CONNECT_CODES.has(code) || code.includes('CERT') || code.includes('TLS') || code.includes('SSL')) {
    return new HttpError('connect', `cannot connect to ${host} (${code})`);
  }
  if (CLOSED_CODES.has(code))
    return new HttpError('closed', `${host} closed the connection without a whole answer (${code})`);
  return new HttpError('network', `the request to ${host} failed (${code})`);
}

/** The code of the innermost cause that has one; a happy-eyeballs AggregateError carries it on its members too. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const inner = error.cause === undefined ? undefined : codeOf(error.cause);
  if (inner !== undefined) return inner;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
