import pRetry from 'p-retry';
import type { Timer } from '../clock.ts';
import type { Micros } from '../instant.ts';
import type { AttemptFailure, AttemptOutcome, CallAnswer, CallFailure } from './call-outcome.ts';
import type { WechatEndpoint } from './error-catalogue.ts';
import { type HttpClient, HttpError, type HttpRequest } from './http-client.ts';
import { judgeAnswer, judgeHttpError } from './judge-attempt.ts';
import { type RetryPolicy, retryWaitMs } from './retry-policy.ts';

export interface WechatRequest extends HttpRequest {
  readonly endpoint: WechatEndpoint;
}

export interface WechatClientOptions {
  readonly http: HttpClient;
  /** The first is preferred; the next is tried after connect and DNS errors and 5xx. At least one. */
  readonly baseUrls: readonly string[];
  readonly retry: RetryPolicy;
  readonly timer: Timer;
  readonly clock: { now(): Micros };
  readonly redact: (text: string) => string;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
}

export type CallOutcome = CallAnswer | { readonly kind: 'failure'; readonly failure: CallFailure };

export interface WechatClient {
  /**
   * One call with its repetitions. A wait that would not end before `deadline` (milliseconds of the timer) is not begun.
   * Rejects only with the reason of the signal.
   */
  call(request: WechatRequest, deadline: number, signal: AbortSignal): Promise<CallOutcome>;
}

/** Carries a failed attempt through p-retry. */
class AttemptFailed extends Error {
  readonly outcome: AttemptFailure;

  constructor(outcome: AttemptFailure) {
    super(outcome.failure.code);
    this.outcome = outcome;
  }
}

/**
 * Calls WeChat's API until it gives a usable answer, an error that no repetition mends, or until attempts or time are used up.
 * A GET that met a stale kept-alive connection is repeated once at once.
 */
export function createWechatClient(options: WechatClientOptions): WechatClient {
  const { http, baseUrls, retry, timer } = options;

  async function attempt(baseUrl: string, request: WechatRequest, signal: AbortSignal): Promise<AttemptOutcome> {
    try {
      return judgeAnswer(await http.send(baseUrl, request, signal), request.endpoint, options.redact);
    } catch (error) {
      if (error instanceof HttpError) return judgeHttpError(error, options.clock.now());
      throw error;
    }
  }

  async function call(request: WechatRequest, deadline: number, signal: AbortSignal): Promise<CallOutcome> {
    let attempts = 0;
    let host = 0;
    let staleSocketAllowed = request.method === 'GET';
    let immediate = false;
    try {
      return await pRetry(
        async () => {
          attempts += 1;
          const outcome = await attempt(baseUrls[host % baseUrls.length] ?? '', request, signal);
          if (outcome.kind === 'answer') return outcome;
          if (outcome.failOver) host += 1;
          throw new AttemptFailed(outcome);
        },
        {
          retries: retry.attempts - 1,
          // The waits are ours: they depend on the failure.
          minTimeout: 0,
          signal,
          shouldConsumeRetry: ({ error }) => {
            immediate = staleSocketAllowed && error instanceof AttemptFailed && error.outcome.staleSocket;
            if (immediate) staleSocketAllowed = false;
            return !immediate;
          },
          shouldRetry: async ({ error, retriesConsumed }) => {
            if (immediate) return true;
            if (!(error instanceof AttemptFailed) || error.outcome.retry === null) return false;
            const waitMs = retryWaitMs(retry, error.outcome.retry, retriesConsumed + 1, options.random());
            if (timer.now() + waitMs >= deadline) return false;
            await timer.sleep(waitMs, signal);
            return true;
          },
        },
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AttemptFailed)) throw error;
      return { kind: 'failure', failure: withAttempts(error.outcome.failure, attempts) };
    }
  }

  return { call };
}

function withAttempts(failure: CallFailure, attempts: number): CallFailure {
  return attempts === 1 ? failure : { ...failure, message: `${failure.message} (${attempts} attempts)` };
}
