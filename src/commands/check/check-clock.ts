import { systemClock } from '../../clock.ts';
import { createHttpClient, HttpError } from '../../extract/http-client.ts';
import { createRateLimiter } from '../../extract/rate-limiter.ts';
import type { CheckedFinding } from './check-finding.ts';

/** `sync` stores nothing beyond this, in milliseconds. */
const MAX_SKEW_MS = 300_000;

/** Asks the API's host for the time by one request without credentials, and compares it with ours. */
export async function checkClock(baseUrl: string, timeoutMs: number, signal: AbortSignal): Promise<CheckedFinding> {
  const rateLimiter = createRateLimiter(Number.POSITIVE_INFINITY);
  const http = createHttpClient({ timeoutMs, maxBodyBytes: 1_048_576, rateLimiter, clock: systemClock });
  try {
    const answer = await http.send(baseUrl, { method: 'GET', path: '/' }, signal);
    return judge(answer.date, Number(answer.receivedAt / 1000n), new URL(baseUrl).host);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const remedy = 'check source.baseUrl, DNS, proxy and firewall';
    return { level: 'error', subject: 'source', message: error.message, remedy, exitCode: 69 };
  }
}

function judge(date: string | null, receivedAtMs: number, host: string): CheckedFinding {
  const theirs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(theirs)) {
    return {
      level: 'warning',
      subject: 'clock',
      message: `${host} tells no time, so the clock cannot be compared`,
      exitCode: 0,
    };
  }
  const skewMs = receivedAtMs - theirs;
  const message = `${Math.abs(Math.round(skewMs / 1000))} s ${skewMs < 0 ? 'behind' : 'ahead of'} ${host}`;
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return { level: 'ok', subject: 'clock', message, exitCode: 0 };
  const remedy = 'set the clock of this machine, with NTP for example: sync stores nothing meanwhile';
  return { level: 'error', subject: 'clock', message, remedy, exitCode: 75 };
}
