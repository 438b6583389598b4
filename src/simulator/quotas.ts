import type { Micros } from '../instant.ts';
import type { AccountDirectory } from './accounts/account-directory.ts';
import { NumbersByIndex } from './accounts/numbers-by-index.ts';
import { errcodeOfFault, type SimulatorEndpoint } from './simulator-faults.ts';
import { errorReply, type SimulatorReply } from './simulator-reply.ts';

/**
 * How many calls an owner may make: one number for each endpoint, or by endpoint; without a limit
 * for one that is not named.
 */
export type CallLimit = number | Readonly<Partial<Record<SimulatorEndpoint, number>>>;

const MINUTE: Micros = 60_000_000n;
const DAY: Micros = 86_400_000_000n;
/** WeChat's days begin at midnight in China. */
const CHINA: Micros = 28_800_000_000n;
/** The limit that an endpoint without one reports. */
const UNLIMITED = 100_000_000;

/**
 * Counts calls by endpoint and owner: an account has its own quota, a platform one for all its
 * accounts.
 */
export class Quotas {
  readonly #daily: CallLimit | undefined;
  readonly #perMinute: CallLimit | undefined;
  readonly #accounts: AccountDirectory;
  readonly #now: () => Micros;
  readonly #today = new CallCounts();
  readonly #thisMinute = new CallCounts();

  constructor(
    limits: { readonly dailyQuota?: CallLimit | undefined; readonly minuteQuota?: CallLimit | undefined },
    accounts: AccountDirectory,
    now: () => Micros,
  ) {
    this.#daily = limits.dailyQuota;
    this.#perMinute = limits.minuteQuota;
    this.#accounts = accounts;
    this.#now = now;
  }

  /** Counts a call; or answers 45011 or 45009 in its place, and counts nothing. */
  use(owner: string, endpoint: SimulatorEndpoint): SimulatorReply | undefined {
    const index = this.#indexOf(owner);
    this.#begin();
    if (this.#thisMinute.get(endpoint, index) >= limitOf(this.#perMinute, endpoint)) return refusal('rate_limited');
    if (this.#today.get(endpoint, index) >= limitOf(this.#daily, endpoint)) return refusal('quota_exceeded');
    this.#today.add(endpoint, index);
    if (this.#perMinute !== undefined) this.#thisMinute.add(endpoint, index);
    return undefined;
  }

  read(
    owner: string,
    endpoint: SimulatorEndpoint,
  ): { readonly limit: number; readonly used: number; perMinute: number } {
    this.#begin();
    return {
      limit: limitOf(this.#daily, endpoint),
      used: this.#today.get(endpoint, this.#indexOf(owner)),
      perMinute: limitOf(this.#perMinute, endpoint),
    };
  }

  #begin(): void {
    this.#today.begin((this.#now() + CHINA) / DAY);
    this.#thisMinute.begin(this.#now() / MINUTE);
  }

  /** The platform has the one before the accounts. */
  #indexOf(owner: string): number {
    return (this.#accounts.indexOf(owner) ?? -1) + 1;
  }
}

/** Calls within one period, by endpoint and owner. */
class CallCounts {
  #period = 0n;
  #counts = new Map<SimulatorEndpoint, NumbersByIndex>();

  begin(period: bigint): void {
    if (period === this.#period) return;
    this.#period = period;
    this.#counts = new Map();
  }

  get(endpoint: SimulatorEndpoint, index: number): number {
    return this.#counts.get(endpoint)?.get(index) ?? 0;
  }

  add(endpoint: SimulatorEndpoint, index: number): void {
    const counts = this.#counts.get(endpoint) ?? new NumbersByIndex();
    this.#counts.set(endpoint, counts);
    counts.set(index, counts.get(index) + 1);
  }
}

function limitOf(limit: CallLimit | undefined, endpoint: SimulatorEndpoint): number {
  return (typeof limit === 'number' ? limit : limit?.[endpoint]) ?? UNLIMITED;
}

function refusal(fault: 'rate_limited' | 'quota_exceeded'): SimulatorReply {
  const { code = 0, errmsg = '' } = errcodeOfFault(fault, 0) ?? {};
  return errorReply(code, errmsg);
}
