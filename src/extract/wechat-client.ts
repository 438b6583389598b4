import type { Clock, Timer } from '../clock.ts';
import { parseHttpDate } from '../http-date.ts';
import type { ServerTime } from '../server-time.ts';
import type { AttemptOutcome, CallAnswer, CallFailure } from './call-outcome.ts';
import type { WechatEndpoint } from './error-catalogue.ts';
import { type HttpClient, HttpError, type HttpRequest } from './http-client.ts';
import { judgeAnswer, judgeHttpError } from './judge-attempt.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { type RetryPolicy, retryWaitMs } from './retry-policy.ts';
import type { CredentialKind } from './scene-source.ts';
import type { TimeLimit } from './time-limit.ts';

/**
 * Calls WeChat's API until it gives a usable answer, an error that no repetition mends, or until attempts or time are used up.
 * A GET that met a stale kept-alive connection is repeated once at once.
 */
export function createWechatClient(options: WechatClientOptions): WechatClient {
  const { http, baseUrls, rateLimiter, retry, timer } = options;
  const silence = new Silence(timer);

  async function attempt(baseUrl: string, request: WechatRequest, signal: AbortSignal): Promise<AttemptOutcome> {
    try {
      const answer = await http.send(baseUrl, request, signal);
      if (answer.date !== null) options.serverTime.see(parseHttpDate(answer.date));
      return judgeAnswer(answer, request, options.redact);
    } catch (error) {
      if (error instanceof HttpError) return judgeHttpError(error, options.clock.now());
      throw error;
    }
  }

  async function call(request: WechatRequest, limit: TimeLimit): Promise<CallOutcome> {
    let host = 0;
    let repetitions = 0;
    let staleSocketAllowed = request.method === 'GET';
    for (let attempts = 1; ; attempts += 1) {
      await limit.pauseDuring(() => rateLimiter.take(limit.signal));
      const outcome = await attempt(baseUrls[host % baseUrls.length] ?? '', request, limit.signal);
      silence.see(limit, outcome);
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
      if (outcome.retry === null || repetitions >= retry.attempts) return failed(failure, attempts);
      if (silence.isLasting) return failed({ ...failure, cutShort: true }, attempts);
      const waitMs = retryWaitMs(retry, outcome.retry, repetitions, options.random());
      if (waitMs >= limit.leftMs()) return failed(failure, attempts);
      if (!isEverybodys) await timer.sleep(waitMs, limit.signal);
    }
  }

  return { call };
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
  readonly timer: Timer;
  readonly clock: Clock;
  /** Told the `Date` of every answer. */
  readonly serverTime: ServerTime;
  readonly redact: (text: string) => string;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
}

export type CallOutcome = CallAnswer | { readonly kind: 'failure'; readonly failure: CallFailure };

export interface WechatClient {
  /**
   * One call with its repetitions. A wait that would not end within the limit is not begun.
   * Rejects only with the reason of the limit's signal.
   */
  call(request: WechatRequest, limit: TimeLimit): Promise<CallOutcome>;
}

function failed(failure: CallFailure, attempts: number): CallOutcome {
  if (attempts === 1) return { kind: 'failure', failure };
  return { kind: 'failure', failure: { ...failure, message: `${failure.message} (${attempts} attempts)` } };
}

/** Repetitions go on for so long after the first failure, in milliseconds, though nobody is answered. */
const LASTING_MS = 10_000;
/** ... and until so many calls have failed. */
const LASTING_CALLS = 20;

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
  see(call: TimeLimit, outcome: AttemptOutcome): void {
    if (outcome.kind === 'answer' || outcome.retry === null || outcome.retry === 'rate_limited') {
      this.#since = null;
      this.#calls = new WeakSet();
      this.#count = 0;
      return;
    }
    this.#since ??= this.#timer.now();
    if (this.#calls.has(call)) return;
    this.#calls.add(call);
    this.#count += 1;
  }
}
