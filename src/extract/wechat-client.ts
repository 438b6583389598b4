import type { Clock, Timer } from '../clock.ts';
import { parseHttpDate } from '../http-date.ts';
import type { ServerTime } from '../server-time.ts';
import type { AttemptOutcome, CallAnswer, CallFailure, CallRefused } from './call-outcome.ts';
import type { WechatEndpoint } from './error-catalogue.ts';
import { type HttpClient, HttpError, type HttpRequest } from './http-client.ts';
import { type Asked, judgeAnswer, judgeHttpError } from './judge-attempt.ts';
import { OutageDetector } from './outage-detector.ts';
import { PlatformQuotas } from './platform-quotas.ts';
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
  const outage = new OutageDetector(timer);
  const quotas = new PlatformQuotas();

  async function attempt(baseUrl: string, request: WechatRequest, signal: AbortSignal): Promise<AttemptOutcome> {
    const timeoutMs = outage.isOngoing ? options.timeoutMs / 2 : options.timeoutMs;
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
    const usedUp = quotas.failureOf(request);
    if (usedUp !== null) return usedUp;
    let host = 0;
    let repetitions = 0;
    let staleSocketAllowed = request.method === 'GET';
    for (let attempts = 1; ; attempts += 1) {
      await limit.pauseDuring(() => rateLimiter.take(limit.signal));
      const askedAt = timer.now();
      const outcome = await attempt(baseUrls[host % baseUrls.length] ?? '', request, limit.signal);
      outage.see(limit, outcome, askedAt);
      if (outcome.kind === 'answer') return outcome;
      if (outcome.failOver) host += 1;
      if (outcome.staleSocket && staleSocketAllowed) {
        staleSocketAllowed = false;
        continue;
      }
      repetitions += 1;
      // The limit holds for all accounts, so every request waits for its end, the next of this call
      // included.
      const isRateLimited = outcome.retry === 'rate_limited';
      if (isRateLimited) rateLimiter.pause(retryWaitMs(retry, 'rate_limited', 1, 0));
      const { failure } = outcome;
      quotas.see(request, failure);
      if (outcome.retry === null || repetitions >= retry.attempts) return failed(failure, attempts);
      const cutShort = () => failed({ ...failure, cutShort: true }, attempts);
      if (outage.isOngoing) return cutShort();
      const waitMs = retryWaitMs(retry, outcome.retry, repetitions, options.random());
      if (waitMs >= limit.leftMs()) return failed(failure, attempts);
      if (!isRateLimited) await timer.sleep(waitMs, limit.signal);
      if (outage.isOngoing) return cutShort();
    }
  }

  return { call, quotaFailure: (asked) => quotas.failureOf(asked) };
}

export interface WechatRequest extends HttpRequest {
  readonly endpoint: WechatEndpoint;
  /** The kind of credential behind the request. */
  readonly credentials: CredentialKind;
}

export interface WechatClientOptions {
  readonly http: HttpClient;
  /** The first is preferred; the next is tried after connect and DNS errors and 5xx. At least one. */
  readonly baseUrls: readonly string[];
  /** Asked before every request. Waiting for it takes nothing from the time of the account. */
  readonly rateLimiter: RateLimiter;
  readonly retry: RetryPolicy;
  /**
   * For one request, from connecting to the last byte, in milliseconds; half of it while
   * {@link OutageDetector} sees an outage.
   */
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
  /**
   * The failure of a request that is not made, because the platform's daily quota for it is used
   * up; else null.
   */
  quotaFailure(asked: Asked): CallRefused | null;
}

function failed(failure: CallFailure, attempts: number): CallOutcome {
  if (attempts === 1) return { kind: 'failure', failure };
  return { kind: 'failure', failure: { ...failure, message: `${failure.message} (${attempts} attempts)` } };
}
