import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ScenedimError } from '../errors.ts';
import { formatInstant, type Micros } from '../instant.ts';
import { deliverReply } from './deliver-reply.ts';
import { createFaultPlan, type SimulatorFault } from './fault-plan.ts';
import { createSceneBook, type SceneChange } from './scene-lists.ts';
import { createScriptRunner } from './script-runner.ts';
import { simulatorFaultMeanings } from './simulator-faults.ts';
import { jsonReply, type SimulatorReply, spoilReply } from './simulator-reply.ts';
import { parseSimulatorAction, type SimulatorAction, type SimulatorScript } from './simulator-script.ts';
import { createTokenOffice, type SimulatorAccount } from './token-store.ts';
import { wechatEndpoints } from './wechat-endpoints.ts';

export interface SimulatorOptions {
  /** `127.0.0.1` (default), `::1` or `localhost`; anything else is refused with `usage`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default: {@link defaultSimulatorAccounts}. */
  readonly accounts?: Iterable<SimulatorAccount>;
  /** For `Date` headers, token lifetimes and steps with `at`. Default: the machine's. */
  readonly clock?: { now(): Micros };
  readonly script?: SimulatorScript;
}

/** One request that was answered, or deliberately not. Holds no token and no secret. */
export interface SimulatorRequest {
  readonly method: string;
  readonly path: string;
  readonly appId: string | null;
  readonly at: Micros;
  readonly status: number;
  /** 0 for a good answer; null when the answer was none of WeChat's. */
  readonly errcode: number | null;
  readonly fault: string | null;
}

/** A running simulator; disposing stops it and ends every connection. */
export interface Simulator extends AsyncDisposable {
  /** For `source.baseUrl`. */
  readonly url: string;
  readonly port: number;
  /** The newest 10,000 requests to the API, oldest first. */
  readonly requests: readonly SimulatorRequest[];
  /** Requests that were under way at the same time, at most, since the start. */
  readonly peakInFlight: number;
  /** The secret of a known account; throws `usage` for another. */
  appSecret(appId: string): string;
  /** The token of a known account, as somebody who maintains it would have it. */
  accessToken(appId: string): string;
  /** What another program does that calls `/cgi-bin/token`: the account's token dies. */
  replaceToken(appId: string): void;
  /** Changes the list of one account, or of all. */
  change(change: SceneChange, appId?: string): void;
  /** Spoils coming requests. Throws `usage` for a fault that does not fit its endpoint. */
  inject(fault: SimulatorFault): void;
  clearFaults(): void;
  clearRequests(): void;
}

export const defaultSimulatorAccounts: readonly SimulatorAccount[] = [
  { appId: 'wx0123456789abcdef' },
  { appId: 'wxfedcba9876543210' },
];

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost']);
const MAX_REQUESTS_KEPT = 10_000;
const MAX_BODY_BYTES = 65_536;

/**
 * Starts WeChat's API on loopback, over real HTTP: getSceneList, stable_token and token, with scripted changes and faults.
 * Every answer carries `X-Scenedim-Simulator: 1`. `POST /_simulator/changes`, `POST` and `DELETE /_simulator/faults` and
 * `GET /_simulator` do the same from a shell.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const host = options.host ?? '127.0.0.1';
  if (!LOOPBACK_HOSTS.has(host)) {
    throw new ScenedimError('usage', `the simulator listens on loopback only, not on ${host}`, {
      remedy: 'use 127.0.0.1 or ::1',
    });
  }
  const clock = options.clock ?? { now: () => BigInt(Date.now()) * 1000n };
  const tokens = createTokenOffice(options.accounts ?? defaultSimulatorAccounts, () => clock.now());
  const book = createSceneBook();
  const faults = createFaultPlan();
  const script = createScriptRunner(options.script ?? [], perform);
  const endpoints = wechatEndpoints(book, tokens, script);
  const requests: SimulatorRequest[] = [];
  const served = new WeakSet<Socket>();
  const stop = new AbortController();
  let inFlight = 0;
  let peakInFlight = 0;

  function perform(action: SimulatorAction, appId: string | undefined): void {
    if (action.kind === 'change') book.apply(action.change, action.appId ?? appId);
    else faults.add({ ...action.fault, appId: action.fault.appId ?? appId });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    const endpoint = endpoints.get(url.pathname);
    if (!isLoopbackName(request.headers.host)) return send(response, jsonReply({ error: 'loopback only' }, null, 403));
    if (url.pathname.startsWith('/_simulator')) return send(response, control(method, url.pathname, body));
    if (body === undefined || (method === 'POST' && request.headers['content-length'] === undefined)) {
      return record(request, response, url.pathname, null, jsonReply({}, null, body === undefined ? 413 : 412), null);
    }
    if (endpoint === undefined) return record(request, response, url.pathname, null, jsonReply({}, null, 404), null);

    script.atTime(clock.now());
    const made = endpoint.handle({ method, query: url.searchParams, body });
    const { appId } = made;
    const reused = served.has(request.socket);
    const applies = (fault: SimulatorFault) => fault.fault !== 'stale_keep_alive' || reused;
    const fault = endpoint.faultName === null ? undefined : faults.take(endpoint.faultName, appId, applies);
    const rows = appId === null ? [] : book.rowsOf(appId);
    const reply = fault === undefined ? made.reply : spoilReply(made.reply, fault, rows, made.sent);
    if (appId !== null && endpoint.faultName === 'get_scene' && reply.errcode === 0) script.listGiven(appId);
    return record(request, response, url.pathname, appId, reply, fault?.fault ?? null);
  }

  function record(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    appId: string | null,
    reply: SimulatorReply,
    fault: string | null,
  ): Promise<void> {
    served.add(request.socket);
    if (requests.length >= MAX_REQUESTS_KEPT) requests.shift();
    requests.push({
      method: request.method ?? 'GET',
      path,
      appId,
      at: clock.now(),
      status: reply.status,
      errcode: reply.errcode,
      fault,
    });
    return send(response, reply);
  }

  function send(response: ServerResponse, reply: SimulatorReply): Promise<void> {
    return deliverReply(response, reply, clock.now(), stop.signal);
  }

  function control(method: string, path: string, body: string | undefined): SimulatorReply {
    try {
      const route = `${method} ${path}`;
      if (route === 'GET /_simulator')
        return jsonReply({ faults: simulatorFaultMeanings, requests: requests.map(readable) });
      if (route === 'DELETE /_simulator/faults') faults.clear();
      else if (route === 'POST /_simulator/faults' || route === 'POST /_simulator/changes') {
        perform(parseSimulatorAction(JSON.parse(body ?? '')), undefined);
      } else return jsonReply({ error: `no ${route}` }, null, 404);
      return jsonReply({ ok: true });
    } catch (error) {
      if (!(error instanceof ScenedimError) && !(error instanceof SyntaxError)) throw error;
      return jsonReply(
        { error: error.message, remedy: error instanceof ScenedimError ? error.remedy : undefined },
        null,
        400,
      );
    }
  }

  function knownAccount(appId: string): string {
    if (tokens.has(appId)) return appId;
    throw new ScenedimError('usage', `the simulator does not know the account ${appId}`);
  }

  const server = createServer((request, response) => {
    inFlight += 1;
    peakInFlight = Math.max(peakInFlight, inFlight);
    const done = () => {
      response.off('finish', done).off('close', done);
      inFlight -= 1;
    };
    response.on('finish', done).on('close', done);
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await listen(server, host, options.port ?? 0);
  const { port, family, address } = server.address() as AddressInfo;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    port,
    requests,
    get peakInFlight() {
      return peakInFlight;
    },
    appSecret: (appId) => tokens.appSecret(knownAccount(appId)) ?? '',
    accessToken: (appId) => tokens.stable(knownAccount(appId)).token,
    replaceToken: (appId) => void tokens.replace(knownAccount(appId)),
    change: (change, appId) => book.apply(change, appId),
    inject: faults.add,
    clearFaults: faults.clear,
    clearRequests: () => requests.splice(0),
    async [Symbol.asyncDispose]() {
      stop.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const message = `the simulator cannot listen on ${host}:${port} (${cause.code})`;
      reject(new ScenedimError('usage', message, { remedy: 'choose another port, or 0 for any free one', cause }));
    });
    server.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port, exclusive: true }, resolve);
  });
}

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8');
}

/** A page in a browser could reach loopback under a name of its own; such a request names that in its Host header. */
function isLoopbackName(hostHeader: string | undefined): boolean {
  return hostHeader !== undefined && LOOPBACK_HOSTS.has(hostHeader.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}

function readable(request: SimulatorRequest): object {
  return { ...request, at: formatInstant(request.at) };
}
