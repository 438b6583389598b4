import type { Clock, Timer } from '../clock.ts';
import { parseHttpDate } from '../http-date.ts';
import type { ServerTime } from '../server-time.ts';
import type { AttemptOutcome, CallAnswer, CallFailure, CallRefused } from './call-outcome.ts';
import type { WechatEndpoint } from './error-catalogue.ts';
import { type HttpClient, HttpError, type HttpRequest } from './http-client.ts';
import { judgeAnswer, judgeHttpError } from './judge-attempt.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type RetryPolicy, retryWaitMs } from './retry-policy.ts';
import type { CredentialKind } from './scene-source.ts';
import { sourceDefaults } from './source-defaults.ts';
import type { TimeLimit } from './time-limit.ts';

/**
 * Calls WeChat's API until it gives a usable answer, an error that no repetition mends, or until attempts or time are used up.
 * A GET that met a stale kept-alive connection is repeated once at once.
 */
export function createWechatClient(options: WechatClientOptions): WechatClient {
  const { http, baseUrls, rateLimiter, retry, timer } = options;
  const silence = new Silence(timer);
  const quotas = new SharedQuotas();

  async function attempt(baseUrl: string, request: WechatRequest, signal: AbortSignal): Promise<AttemptOutcome> {
    const timeoutMs = silence.isLasting ? options.timeoutMs / 2 : options.timeoutMs;
    try {
      const answer = await http.send(baseUrl, { ...request, timeoutMs }, signal);
      if (answer.date !== null) options.serverTime.see(parseHttpDate(answer.date));
      return judgeAnswer(answer, request, options.redact);
    } catch (error) {
      if (error instanceof HttpError) return judgeHttpError(error, options.clock.now());
      throw error;
    }
  }

  async function call(request: WechatRequest, limit: TimeLimit): Promise<CallOutcome> {
    const spent = quotas.spent(request.endpoint, request.credentials);
    if (spent !== null) return spent;
    let host = 0;
    let repetitions = 0;
    let staleSocketAllowed = request.method === 'GET';
    for (let attempts = 1; ; attempts += 1) {
      await limit.pauseDuring(() => rateLimiter.take(limit.signal));
      const askedAt = timer.now();
      const outcome = await attempt(baseUrls[host % baseUrls.length] ?? '', request, limit.signal);
      silence.see(limit, outcome, askedAt);
      if (outcome.kind === 'answer') return outcome;
      if (outcome.failOver) host += 1;
      if (outcome.staleSocket && staleSocketAllowed) {
        staleSocketAllowed = false;
        continue;
      }
      repetitions += 1;
      // It is everybody's limit: nobody asks until it is over, this call included.
      const isEverybodys = outcome.retry === 'rate_limited';
      if (isEverybodys) rateLimiter.pause(retryWaitMs(retry, 'rate_limited', 1, 0));
      const { failure } = outcome;
      quotas.see(request, failure);
      if (outcome.retry === null || repetitions >= retry.attempts) return failed(failure, attempts);
      const cutShort = () => failed({ ...failure, cutShort: true }, attempts);
      if (silence.isLasting) return cutShort();
      const waitMs = retryWaitMs(retry, outcome.retry, repetitions, options.random());
      if (waitMs >= limit.leftMs()) return failed(failure, attempts);
      if (!isEverybodys) await timer.sleep(waitMs, limit.signal);
      if (silence.isLasting) return cutShort();
    }
  }

  return { call, spent: quotas.spent };
}

export interface WechatRequest extends HttpRequest {
  readonly endpoint: WechatEndpoint;
  /** What the account is asked about with. */
  readonly credentials: CredentialKind;
}

export interface WechatClientOptions {
  readonly http: HttpClient;
  /** The first is preferred; the next is tried after connect and DNS errors and 5xx. At least one. */
  readonly baseUrls: readonly string[];
  /** Asked before every request. Waiting for it takes nothing from the time of the account. */
  readonly rateLimiter: RateLimiter;
  readonly retry: RetryPolicy;
  /** For one request, from connecting to the last byte, in milliseconds; half of it while nobody is answered. */
  readonly timeoutMs: number;
  readonly timer: Timer;
  readonly clock: Clock;
  /** Told the `Date` of every answer. */
  readonly serverTime: ServerTime;
  readonly redact: (text: string) => string;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
}

export type CallOutcome = CallAnswer | CallRefused;

export interface WechatClient {
  /**
   * One call with its repetitions. A wait that would not end within the limit is not begun.
   * Rejects only with the reason of the limit's signal.
   */
  call(request: WechatRequest, limit: TimeLimit): Promise<CallOutcome>;
  /** The failure of a request that is not made, because accounts of this kind share a quota that is used up; else null. */
  spent(endpoint: WechatEndpoint, credentials: CredentialKind): CallRefused | null;
}

function failed(failure: CallFailure, attempts: number): CallOutcome {
  if (attempts === 1) return { kind: 'failure', failure };
  return { kind: 'failure', failure: { ...failure, message: `${failure.message} (${attempts} attempts)` } };
}

/** Repetitions go on for so long after the first call that failed, in milliseconds, though nobody is answered. */
const LASTING_MS = 10_000;
/** ... and until so many calls have failed: as many as are under way by default. */
const LASTING_CALLS = sourceDefaults.concurrency;

/**
 * How long no call has been answered. Repetitions help against a fault that passes; when all calls fail for long, they only
 * make a run wait that should find out soon that WeChat is down.
 */
class Silence {
  readonly #timer: Timer;
  /** Null while calls are answered. */
  #since: number | null = null;
  /** By their limits. */
  #calls = new WeakSet<TimeLimit>();
  #count = 0;

  constructor(timer: Timer) {
    this.#timer = timer;
  }

  get isLasting(): boolean {
    return this.#since !== null && this.#count >= LASTING_CALLS && this.#timer.now() - this.#since >= LASTING_MS;
  }

  /** Notes the outcome of an attempt; being asked to slow down is an answer. */
  see(call: TimeLimit, outcome: AttemptOutcome, askedAt: number): void {
    if (outcome.kind === 'answer' || outcome.retry === null || outcome.retry === 'rate_limited') {
      this.#since = null;
      this.#calls = new WeakSet();
      this.#count = 0;
      return;
    }
    this.#since ??= askedAt;
    if (this.#calls.has(call)) return;
    this.#calls.add(call);
    this.#count += 1;
  }
}

/**
 * The daily quotas (45009) of a third-party platform, one for each endpoint, which its accounts share: when one is used up,
 * nobody asks there any more. The quota of an account with credentials of its own is its own.
 */
class SharedQuotas {
  readonly #spent = new Map<WechatEndpoint, CallFailure>();

  see({ endpoint, credentials }: WechatRequest, failure: CallFailure): void {
    if (credentials === 'platform' && failure.errorClass === 'quota') this.#spent.set(endpoint, failure);
  }

  spent = (endpoint: WechatEndpoint, credentials: CredentialKind): CallRefused | null => {
    const failure = credentials === 'platform' ? this.#spent.get(endpoint) : undefined;
    return failure === undefined ? null : { kind: 'failure', failure: { ...failure, unasked: true } };
  };
}
