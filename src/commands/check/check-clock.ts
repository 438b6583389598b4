import { MAX_CLOCK_SKEW, systemClock } from '../../clock.ts';
import type { SourceConfig } from '../../config/config-schema.ts';
import { createHttpClient, HttpError } from '../../extract/http-client.ts';
import { CHECK_BASE_URL, remedyOfHttpError } from '../../extract/judge-attempt.ts';
import { type ProxyVariables, proxyFinder } from '../../extract/proxy.ts';
import { parseHttpDate } from '../../http-date.ts';
import type { Micros } from '../../instant.ts';
import type { CheckedFinding } from './check-finding.ts';

/**
 * Compares this machine's clock with that of the API's host, by one request without credentials.
 */
export async function checkClock(
  { baseUrl, timeoutMs, proxy }: Pick<SourceConfig, 'baseUrl' | 'timeoutMs' | 'proxy'>,
  environment: ProxyVariables,
  signal: AbortSignal,
): Promise<CheckedFinding> {
  const findProxy = proxyFinder(proxy, environment);
  await using http = createHttpClient({ timeoutMs, maxBodyBytes: 1_048_576, clock: systemClock, findProxy });
  try {
    const answer = await http.send(baseUrl, { method: 'GET', path: '/' }, signal);
    const { host } = new URL(baseUrl);
    return answer.status < 200 ? noApi(answer.status, host) : judge(answer.date, answer.receivedAt, host);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const remedy = remedyOfHttpError(error);
    const { status = null } = error.refusal ?? {};
    const exitCode = status !== null && status < 500 ? 78 : 69;
    return { level: 'error', subject: 'source', message: error.message, remedy, exitCode };
  }
}

/** A switch to another protocol, which every request of a sync would get, too. */
function noApi(status: number, host: string): CheckedFinding {
  const message = `${host} answered HTTP ${status}, which is not an answer of an API`;
  return { level: 'error', subject: 'source', message, remedy: CHECK_BASE_URL, exitCode: 75 };
}

function judge(date: string | null, receivedAt: Micros, host: string): CheckedFinding {
  const theirs = date === null ? undefined : parseHttpDate(date);
  if (theirs === undefined) {
    const message = `${host} tells no time, so the clock cannot be compared`;
    return { level: 'warning', subject: 'clock', message, exitCode: 0 };
  }
  const ahead = receivedAt - theirs;
  const skew = ahead < 0n ? -ahead : ahead;
  const message = `${(skew + 500_000n) / 1_000_000n} s ${ahead < 0n ? 'behind' : 'ahead of'} ${host}`;
  if (skew <= MAX_CLOCK_SKEW) return { level: 'ok', subject: 'clock', message, exitCode: 0 };
  const remedy = 'set the clock of this machine, with NTP for example: sync stores nothing meanwhile';
  return { level: 'error', subject: 'clock', message, remedy, exitCode: 75 };
}
