import { hash } from 'node:crypto';
import type { Micros } from '../instant.ts';
import { RID_PLACE, type SimulatorReply } from './simulator-reply.ts';

const KEPT = 1_000;
const LIFETIME_SECONDS = 7 * 86_400;

/**
 * A call that was answered by an error, as `rid/get` explains it. Its URL holds the token, as
 * WeChat's does.
 */
export interface FailedCall {
  /**
   * App id of the account, or of the platform, whose token or secret was sent; null when that is
   * not known.
   */
  readonly caller: string | null;
  /** Seconds since 1970. */
  readonly invokeTime: number;
  readonly costMs: number;
  /** The query string. */
  readonly requestUrl: string;
  readonly requestBody: string;
  readonly responseBody: string;
  readonly clientIp: string;
}

/** Gives each error a rid, and remembers the newest 1,000 for 7 days. */
export class RidLog {
  readonly #calls = new Map<string, FailedCall>();
  readonly #now: () => Micros;
  #given = 0;

  constructor(now: () => Micros) {
    this.#now = now;
  }

  /** The reply with a rid of its own, when it has a place for one. */
  stamp(reply: SimulatorReply, call: Omit<FailedCall, 'invokeTime' | 'responseBody'>): SimulatorReply {
    if (reply.errcode === 0 || !reply.body.includes(RID_PLACE)) return reply;
    const invokeTime = Number(this.#now() / 1_000_000n);
    const rid = this.#next(invokeTime);
    const responseBody = reply.body.toString('utf8').replaceAll(RID_PLACE, rid);
    this.#calls.set(rid, { ...call, invokeTime, responseBody });
    for (const oldest of this.#calls.keys()) {
      if (this.#calls.size <= KEPT) break;
      this.#calls.delete(oldest);
    }
    return { ...reply, body: Buffer.from(responseBody) };
  }

  find(rid: string): FailedCall | undefined {
    const call = this.#calls.get(rid);
    const isYoung = call !== undefined && Number(this.#now() / 1_000_000n) - call.invokeTime < LIFETIME_SECONDS;
    return isYoung ? call : undefined;
  }

  #next(seconds: number): string {
    this.#given += 1;
    const noise = hash('sha256', `rid ${seconds} ${this.#given}`);
    return `${(seconds >>> 0).toString(16).padStart(8, '0')}-${noise.slice(0, 8)}-${noise.slice(8, 16)}`;
  }
}
