import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { errorCodeOf } from '../error-text.ts';
import { commonLabelsOf, renderPrometheusMetrics } from './prometheus-metrics.ts';
import type { EndedRun } from './run-watcher.ts';

/** For the whole push, in milliseconds: a run that is stopped tells how it ended, too, and must end within its grace. */
const TIME_LIMIT_MS = 5_000;

/** So much of a refusal is read. */
const MAX_REFUSAL_BYTES = 4096;

/**
 * Pushes the metrics of a run to a Pushgateway, once, in the group of job, command, target and shard. By POST, so that metrics
 * which this run does not know stay as they are. `url` is the gateway's, with user and password where it asks for them; no
 * proxy is used. Rejects, with the first line of a refusal, when they were not taken within 5 seconds.
 */
export async function pushMetrics(url: string, run: EndedRun): Promise<void> {
  const gateway = new URL(url);
  gateway.pathname = `${gateway.pathname.replace(/\/+$/, '')}${groupPath(run)}`;
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  const { status, text } = await post(gateway, renderPrometheusMetrics(run), signal).catch((error: unknown) => {
    const code = errorCodeOf(error) ?? 'no reason given';
    const reason = signal.aborted ? `within ${TIME_LIMIT_MS / 1000} s` : `(${code})`;
    throw new Error(`${gateway.origin} did not take the metrics ${reason}`, { cause: error });
  });
  if (isTaken(status)) return;
  throw new Error(`${gateway.origin} answered HTTP ${status}${text === '' ? '' : `: ${text}`}`);
}

/**
 * The path of a run's group. Values are in base64, which the gateway takes for any, since those of targets have slashes.
 */
export function groupPath(run: EndedRun): string {
  const labels = commonLabelsOf(run).map(([name, value]) => {
    return `/${name}@base64/${Buffer.from(value).toString('base64url')}`;
  });
  return `/metrics/job/scenedim${labels.join('')}`;
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

interface Reply {
  readonly status: number;
  /** The first line of a refusal. */
  readonly text: string;
}

function post(url: URL, body: string, signal: AbortSignal): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const headers = {
    'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'scenedim',
  };
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  // An agent of its own heeds no proxy of the environment: a gateway is near.
  const outgoing = send(url, { method: 'POST', agent: false, headers, signal });
  outgoing.on('response', (incoming) => {
    const { statusCode: status = 0 } = incoming;
    // The status decides: a connection that breaks after it is no error, and the body of a success is not read.
    resolve(isTaken(status) ? { status, text: '' } : firstLine(incoming).then((text) => ({ status, text })));
    if (isTaken(status)) incoming.on('error', () => {}).destroy();
  });
  outgoing.on('error', reject);
  // Without an error where the server changes the protocol (101).
  outgoing.on('close', () => reject(new Error('closed')));
  outgoing.end(body);
  return promise;
}

/** What came of it counts, also when it breaks off. */
async function firstLine(incoming: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of incoming.setEncoding('utf8')) {
      text += chunk;
      if (text.includes('\n') || text.length >= MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The status says enough.
  }
  return (text.split('\n')[0] ?? '').replace(/\p{Cc}/gu, ' ').trim();
}
