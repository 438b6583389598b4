import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import { ScenedimError } from '../errors.ts';
import { AccountDirectory, type SimulatorAccount } from './accounts/account-directory.ts';
import { TokenStore } from './accounts/token-store.ts';
import { answerControl, type ControlledSimulator, type SimulatorPlatform } from './control-endpoint.ts';
import { deliverReply } from './deliver-reply.ts';
import { type MintedBy, mintedBy } from './endpoints/endpoint.ts';
import { FaultPlan, type SimulatorFault } from './fault-plan.ts';
import { createLatency } from './latency.ts';
import { isLoopbackName, listenOnLoopback } from './loopback.ts';
import type { RosterShift } from './platform/roster.ts';
import { SimulatedPlatform } from './platform/simulated-platform.ts';
import { Quotas } from './quotas.ts';
import { readBody } from './read-body.ts';
import { RequestLog } from './request-log.ts';
import { type SceneChange, SceneLists } from './scene-lists.ts';
import { ScriptRunner } from './script-runner.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';
import { jsonReply, type SimulatorReply } from './simulator-reply.ts';
import type { SimulatorRequest } from './simulator-request.ts';
import type { SimulatorAction } from './simulator-script.ts';
import { WechatApi } from './wechat-api.ts';

/** A WeChat API on loopback, from its start to its end. */
export class RunningSimulator implements Simulator, ControlledSimulator {
  readonly minted: Record<MintedBy, number>;
  readonly #clock: Clock;
  readonly #accounts: AccountDirectory;
  readonly #platform: SimulatedPlatform | undefined;
  readonly #tokens: TokenStore;
  readonly #lists = new SceneLists();
  readonly #faults = new FaultPlan();
  readonly #script: ScriptRunner;
  readonly #api: WechatApi;
  readonly #latency: () => number;
  readonly #log = new RequestLog();
  readonly #server = createServer((request, response) => this.#serve(request, response));
  readonly #served = new WeakSet<Socket>();
  readonly #stop = new AbortController();
  #url = '';
  #inFlight = 0;
  #peakInFlight = 0;

  constructor(options: SimulatorOptions) {
    const { clock = systemClock, accounts = [], script = [], platform, latencyMs = 0 } = options;
    const now = () => clock.now();
    this.#clock = clock;
    this.#accounts = new AccountDirectory(accounts);
    this.#platform = platform === undefined ? undefined : new SimulatedPlatform(platform, this.#accounts, now);
    this.#tokens = new TokenStore(this.#accounts, platform?.componentAppId, now);
    this.#script = new ScriptRunner(script, (action, appId) => this.perform(action, appId));
    this.minted = { stable_token: 0, force_refresh: 0, token: 0, component_token: 0, authorizer_token: 0 };
    this.#latency = createLatency(latencyMs);
    const state = {
      accounts: this.#accounts,
      tokens: this.#tokens,
      lists: this.#lists,
      script: this.#script,
      platform: this.#platform,
      minted: this.minted,
    };
    this.#api = new WechatApi(state, this.#faults, new Quotas(options, this.#accounts, now), now);
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

  get requests(): readonly SimulatorRequest[] {
    return this.#log.newest;
  }

  get requestCounts(): Readonly<Record<string, number>> {
    return this.#log.counts;
  }

  get peakInFlight(): number {
    return this.#peakInFlight;
  }

  appSecret(appId: string): string {
    return this.#accounts.appSecret(this.#known(appId)) ?? '';
  }

  accessToken(appId: string): string {
    return this.#tokens.stable(this.#known(appId)).token;
  }

  replaceToken(appId: string): void {
    this.#tokens.replace(this.#known(appId));
  }

  get componentAppSecret(): string {
    return this.#requirePlatform().componentAppSecret;
  }

  get verifyTicket(): string {
    return this.#requirePlatform().tickets.newest;
  }

  renewTicket(): void {
    this.#requirePlatform().tickets.renew();
  }

  expireTickets(): void {
    this.#requirePlatform().tickets.expire();
  }

  componentAccessToken(): string {
    this.#requirePlatform();
    return this.#tokens.component().token;
  }

  refreshToken(appId: string): string {
    return this.#requirePlatform().refreshToken(appId);
  }

  isRefreshTokenAlive(appId: string, token: string): boolean {
    return this.#requirePlatform().isRefreshTokenAlive(appId, token);
  }

  authorize(account: SimulatorAccount): void {
    this.shiftRoster({ shift: 'authorize', account });
  }

  revoke(appId: string): void {
    this.shiftRoster({ shift: 'revoke', appId });
  }

  shiftRoster(shift: RosterShift): void {
    this.#requirePlatform().shift(shift);
  }

  get platform(): SimulatorPlatform | undefined {
    if (this.#platform === undefined) return undefined;
    const { componentAppId, componentAppSecret, tickets } = this.#platform;
    const componentAccessToken = this.componentAccessToken();
    return { componentAppId, componentAppSecret, componentAccessToken, verifyTicket: tickets.newest };
  }

  change(change: SceneChange, appId?: string): void {
    this.#lists.apply(change, appId);
  }

  inject(fault: SimulatorFault): void {
    this.#faults.add(fault);
  }

  perform(action: SimulatorAction, appId?: string): void {
    if (action.kind === 'change') this.change(action.change, action.appId ?? appId);
    else if (action.kind === 'roster') this.shiftRoster(action.shift);
    else if (action.kind === 'tickets') this.#requirePlatform().tickets[action.what]();
    else this.inject({ ...action.fault, appId: action.fault.appId ?? appId });
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  clearRequests(): void {
    this.#log.clear();
    for (const by of mintedBy) this.minted[by] = 0;
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
    const url = new URL(request.url ?? '/', this.#url);
    const method = request.method ?? 'GET';
    const body = await readBody(request);
    const send = (reply: SimulatorReply) => deliverReply(response, reply, this.#clock.now(), this.#stop.signal);
    if (!isLoopbackName(request.headers.host)) return send(jsonReply({ error: 'loopback only' }, null, 403));
    if (url.pathname.startsWith('/_simulator')) return send(answerControl(this, `${method} ${url.pathname}`, body));

    const latencyMs = this.#latency();
    const { reply, appId, fault } = this.#api.reply({
      method,
      url,
      body,
      hasContentLength: request.headers['content-length'] !== undefined,
      isReused: this.#served.has(request.socket),
      clientIp: request.socket.remoteAddress ?? '',
      costMs: Math.ceil(latencyMs),
    });
    this.#served.add(request.socket);
    const { status, errcode } = reply;
    this.#log.add({ method, path: url.pathname, appId, at: this.#clock.now(), status, errcode, fault });
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs).unref());
    return send(reply);
  }

  #known(appId: string): string {
    if (this.#accounts.has(appId)) return appId;
    throw new ScenedimError('usage', `the simulator does not know the account ${appId}`);
  }

  #requirePlatform(): SimulatedPlatform {
    if (this.#platform !== undefined) return this.#platform;
    throw new ScenedimError('usage', 'the simulator has no platform');
  }
}
