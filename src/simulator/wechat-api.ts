import type { Micros } from '../instant.ts';
import type { EndpointAnswer, WechatEndpoint, WechatState } from './endpoints/endpoint.ts';
import { wechatEndpoints } from './endpoints/wechat-endpoints.ts';
import type { FaultPlan, SimulatorFault } from './fault-plan.ts';
import type { Quotas } from './quotas.ts';
import { RidLog } from './rid-log.ts';
import { jsonReply, type SimulatorReply } from './simulator-reply.ts';
import { spoilReply } from './spoil-reply.ts';

export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  /** Undefined when it was too long. */
  readonly body: string | undefined;
  readonly hasContentLength: boolean;
  /** Whether the connection has served a request before. */
  readonly isReused: boolean;
  readonly clientIp: string;
  /** How long the answer will take. */
  readonly costMs: number;
}

export interface ChosenReply {
  readonly reply: SimulatorReply;
  readonly appId: string | null;
  readonly fault: string | null;
}

/** What WeChat, or the next fault, answers to a request. */
export class WechatApi {
  readonly #state: WechatState;
  readonly #faults: FaultPlan;
  readonly #quotas: Quotas;
  readonly #rids: RidLog;
  readonly #endpoints: ReadonlyMap<string, WechatEndpoint>;
  readonly #now: () => Micros;

  constructor(state: WechatState, faults: FaultPlan, quotas: Quotas, now: () => Micros) {
    this.#state = state;
    this.#faults = faults;
    this.#quotas = quotas;
    this.#rids = new RidLog(now);
    this.#endpoints = wechatEndpoints(state, quotas, this.#rids);
    this.#now = now;
  }

  reply(request: ApiRequest): ChosenReply {
    const { method, url, body } = request;
    const endpoint = this.#endpoints.get(url.pathname);
    if (body === undefined) return refusal(413);
    if (method === 'POST' && !request.hasContentLength) return refusal(412);
    if (endpoint === undefined) return refusal(404);

    const { lists, script } = this.#state;
    script.atTime(this.#now());
    const made = endpoint.handle({ method, query: url.searchParams, body });
    const { appId } = made;
    const fault = this.#takeFault(endpoint, appId, request.isReused);
    const answer = () => this.#overQuota(endpoint, made) ?? made.answer();
    const rows = fault === undefined || appId === null ? [] : lists.rowsOf(appId);
    const bare = fault === undefined ? answer() : spoilReply(answer, fault, rows, made.sent, elsewhere(url));
    if (appId !== null && endpoint.faultName === 'get_scene' && bare.errcode === 0) script.listGiven(appId);
    const reply = this.#rids.stamp(bare, {
      caller: made.caller,
      costMs: request.costMs,
      requestUrl: url.search.slice(1),
      requestBody: body,
      clientIp: request.clientIp,
    });
    return { reply, appId, fault: fault?.fault ?? null };
  }

  #takeFault({ faultName }: WechatEndpoint, appId: string | null, isReused: boolean): SimulatorFault | undefined {
    const applies = ({ fault }: SimulatorFault) => fault !== 'stale_keep_alive' || isReused;
    return faultName === null ? undefined : this.#faults.take(faultName, appId, applies);
  }

  #overQuota({ faultName }: WechatEndpoint, { quotaOwner }: EndpointAnswer): SimulatorReply | undefined {
    return faultName === null || quotaOwner === null ? undefined : this.#quotas.use(quotaOwner, faultName);
  }
}

function refusal(status: number): ChosenReply {
  return { reply: jsonReply({}, null, status), appId: null, fault: null };
}

/** This simulator under its other name. */
function elsewhere({ hostname, port, search }: URL): string {
  return `http://${hostname === 'localhost' ? '127.0.0.1' : 'localhost'}:${port}/elsewhere${search}`;
}
