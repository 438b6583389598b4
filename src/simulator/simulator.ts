import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { ScenedimError } from '../errors.ts';
import { answerControl, type ControlledSimulator } from './control-endpoint.ts';
import { deliverReply } from './deliver-reply.ts';
import { FaultPlan, type SimulatorFault } from './fault-plan.ts';
import { isLoopbackName, listenOnLoopback } from './loopback.ts';
import { type SceneChange, SceneLists } from './scene-lists.ts';
import { ScriptRunner } from './script-runner.ts';
import { jsonReply, type SimulatorReply } from './simulator-reply.ts';
import type { SimulatorRequest } from './simulator-request.ts';
import type { SimulatorAction, SimulatorScript } from './simulator-script.ts';
import { spoilReply } from './spoil-reply.ts';
import { type SimulatorAccount, TokenStore } from './token-store.ts';
import { type WechatEndpoint, wechatEndpoints } from './wechat-endpoints.ts';

/**
 * Starts WeChat's API on loopback, over real HTTP: getSceneList, stable_token and token, with scripted changes and faults.
 * Every answer carries `X-Scenedim-Simulator: 1`. `POST /_simulator/changes`, `POST` and `DELETE /_simulator/faults` and
 * `GET /_simulator` do the same from a shell.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = new RunningSimulator(options);
  await simulator.listen(options.host ?? '127.0.0.1', options.port ?? 0);
  return simulator;
}

export interface SimulatorOptions {
  /** `127.0.0.1` (default), `::1` or `localhost`; anything else is refused with `usage`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default: {@link defaultSimulatorAccounts}. */
  readonly accounts?: Iterable<SimulatorAccount>;
  /** For `Date` headers, token lifetimes and steps with `at`. Default: the machine's. */
  readonly clock?: Clock;
  readonly script?: SimulatorScript;
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
  /** What another program does that calls `stable_token` with `force_refresh`: the account's token dies. */
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

const MAX_REQUESTS_KEPT = 10_000;
const MAX_BODY_BYTES = 65_536;

class RunningSimulator implements Simulator, ControlledSimulator {
  readonly requests: SimulatorRequest[] = [];
  readonly #clock: Clock;
  readonly #tokens: TokenStore;
  readonly #lists = new SceneLists();
  readonly #faults = new FaultPlan();
  readonly #script: ScriptRunner;
  readonly #endpoints: ReadonlyMap<string, WechatEndpoint>;
  readonly #server = createServer((request, response) => this.#serve(request, response));
  readonly #served = new WeakSet<Socket>();
  readonly #stop = new AbortController();
  #url = '';
  #inFlight = 0;
  #peakInFlight = 0;

  constructor({ clock = systemClock, accounts = defaultSimulatorAccounts, script = [] }: SimulatorOptions) {
    this.#clock = clock;
    this.#tokens = new TokenStore(accounts, () => clock.now());
    this.#script = new ScriptRunner(script, (action, appId) => this.perform(action, appId));
    this.#endpoints = wechatEndpoints(this.#lists, this.#tokens, this.#script);
  }

  async listen(host: string, port: number): Promise<void> {
    this.#url = await listenOnLoopback(this.#server, host, port);
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return Number(new URL(this.#url).port);
  }

  get peakInFlight(): number {
    return this.#peakInFlight;
  }

  appSecret(appId: string): string {
    return this.#tokens.appSecret(this.#known(appId)) ?? '';
  }

  accessToken(appId: string): string {
    return this.#tokens.stable(this.#known(appId)).token;
  }

  replaceToken(appId: string): void {
    this.#tokens.replace(this.#known(appId));
  }

  change(change: SceneChange, appId?: string): void {
    this.#lists.apply(change, appId);
  }

  inject(fault: SimulatorFault): void {
    this.#faults.add(fault);
  }

  perform(action: SimulatorAction, appId?: string): void {
    if (action.kind === 'change') this.change(action.change, action.appId ?? appId);
    else this.inject({ ...action.fault, appId: action.fault.appId ?? appId });
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  clearRequests(): void {
    this.requests.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    this.#inFlight += 1;
    this.#peakInFlight = Math.max(this.#peakInFlight, this.#inFlight);
    const done = () => {
      response.off('finish', done).off('close', done);
      this.#inFlight -= 1;
    };
    response.on('finish', done).on('close', done);
    this.#answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://simulator');
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    const send = (reply: SimulatorReply) => deliverReply(response, reply, this.#clock.now(), this.#stop.signal);
    if (!isLoopbackName(request.headers.host)) return send(jsonReply({ error: 'loopback only' }, null, 403));
    if (url.pathname.startsWith('/_simulator')) return send(answerControl(this, `${method} ${url.pathname}`, body));

    const { reply, appId, fault } = this.#reply(request, url, body);
    this.#served.add(request.socket);
    if (this.requests.length >= MAX_REQUESTS_KEPT) this.requests.shift();
    const { status, errcode } = reply;
    this.requests.push({ method, path: url.pathname, appId, at: this.#clock.now(), status, errcode, fault });
    return send(reply);
  }

  #reply(request: IncomingMessage, url: URL, body: string | undefined): ChosenReply {
    const method = request.method ?? 'GET';
    const endpoint = this.#endpoints.get(url.pathname);
    if (body === undefined) return refusal(413);
    if (method === 'POST' && request.headers['content-length'] === undefined) return refusal(412);
    if (endpoint === undefined) return refusal(404);

    this.#script.atTime(this.#clock.now());
    const made = endpoint.handle({ method, query: url.searchParams, body });
    const { appId } = made;
    const isReused = this.#served.has(request.socket);
    const applies = (fault: SimulatorFault) => fault.fault !== 'stale_keep_alive' || isReused;
    const fault = endpoint.faultName === null ? undefined : this.#faults.take(endpoint.faultName, appId, applies);
    const rows = appId === null ? [] : this.#lists.rowsOf(appId);
    const reply = fault === undefined ? made.reply : spoilReply(made.reply, fault, rows, made.sent);
    if (appId !== null && endpoint.faultName === 'get_scene' && reply.errcode === 0) this.#script.listGiven(appId);
    return { reply, appId, fault: fault?.fault ?? null };
  }

  #known(appId: string): string {
    if (this.#tokens.has(appId)) return appId;
    throw new ScenedimError('usage', `the simulator does not know the account ${appId}`);
  }
}

interface ChosenReply {
  readonly reply: SimulatorReply;
  readonly appId: string | null;
  readonly fault: string | null;
}

function refusal(status: number): ChosenReply {
  return { reply: jsonReply({}, null, status), appId: null, fault: null };
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
