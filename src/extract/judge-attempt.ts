import { MAX_CLOCK_SKEW } from '../clock.ts';
import { parseHttpDate } from '../http-date.ts';
import type { Micros } from '../instant.ts';
import { isGzip } from '../normalize/answer-failure.ts';
import { saidText } from '../normalize/said-text.ts';
import { probeAnswer } from './answer-probe.ts';
import { type AttemptFailure, type AttemptOutcome, attemptFailure, callFailure } from './call-outcome.ts';
import { type AnsweredCode, classifyErrorCode } from './error-catalogue.ts';
import type { HttpAnswer, HttpError, ProxyRefusal } from './http-client.ts';
import type { RetryReason } from './retry-policy.ts';

const MAX_ERRMSG_LENGTH = 600;

const CHECK_NETWORK = 'check DNS, proxy and firewall between here and source.baseUrl, then run again';
const CHECK_TLS =
  'check the certificate behind source.baseUrl (a host without TLS is http://), the clock of this machine and a proxy that inspects TLS: NODE_EXTRA_CA_CERTS names the file with its certificate';
/** For an answer that no API of WeChat's gives. */
export const CHECK_BASE_URL = 'check source.baseUrl: it should be https://api.weixin.qq.com or a proxy in front of it';
const DO_NOT_COMPRESS = 'let the proxy at source.baseUrl honour Accept-Encoding: identity, or do without compression';
const SUPPORT = 'run again later; when it stays, keep the time of the call for WeChat support';

/**
 * Their answers end a token that was good before, so what they bring is used whatever the clock
 * says; nothing dates them.
 */
const platformTokens: ReadonlySet<Asked['endpoint']> = new Set(['component_token', 'authorizer_token']);

/** Decides what an answer means: by status, then by `errcode`, never by content type or text. */
export function judgeAnswer(answer: HttpAnswer, asked: Asked, redact: (text: string) => string): AttemptOutcome {
  const observedAt = answer.receivedAt;
  if (answer.status >= 500) {
    const message = `WeChat${byProxy(answer)} answered HTTP ${answer.status}`;
    const failure = callFailure({
      code: `http_${answer.status}`,
      errorClass: 'transient',
      message,
      remedy: SUPPORT,
      unreachable: true,
      observedAt,
    });
    return attemptFailure(failure, { retry: 'http_5xx', failOver: true });
  }
  const skewed = platformTokens.has(asked.endpoint) ? null : clockSkew(answer);
  if (skewed !== null) return skewed;

  const probe = probeAnswer(answer.body);
  const { code = null, errmsg = '', rid } = probe?.refusal ?? {};
  if (code !== null) return refusal({ ...asked, code, errmsg, rid, observedAt }, redact);
  if (answer.status < 200 || answer.status >= 300) {
    const message = `WeChat${byProxy(answer)} answered HTTP ${answer.status}, which is not an answer of its API`;
    return attemptFailure(callFailure({ code: `http_${answer.status}`, message, remedy: CHECK_BASE_URL, observedAt }));
  }
  if (probe === undefined) {
    if (isGzip(answer.body)) {
      const message = 'the answer is compressed (gzip), though it was asked for uncompressed';
      return attemptFailure(callFailure({ code: 'invalid_json', message, remedy: DO_NOT_COMPRESS, observedAt }));
    }
    const message = `the answer is not JSON (${answer.body.byteLength} bytes)`;
    return attemptFailure(
      callFailure({ code: 'invalid_json', errorClass: 'transient', message, remedy: SUPPORT, observedAt }),
      { retry: 'not_json' },
    );
  }
  return { kind: 'answer', body: answer.body, value: probe.value, receivedAt: observedAt };
}

/** Decides what it means that there was no whole answer. */
export function judgeHttpError(error: HttpError, observedAt: Micros): AttemptFailure {
  const remedy = remedyOfHttpError(error);
  const { kind, message } = error;
  if (kind === 'too_large') {
    return attemptFailure(callFailure({ code: 'response_too_large', message, remedy, observedAt }));
  }
  const status = error.refusal?.status ?? null;
  if (status !== null && status < 500) {
    const failure = { code: `http_${status}`, errorClass: 'configuration', message, remedy, observedAt } as const;
    return attemptFailure(callFailure({ ...failure, accountOnly: false }));
  }
  const code = kind === 'timeout' ? 'timeout' : status === null ? 'network' : `http_${status}`;
  const failure = callFailure({
    code,
    errorClass: 'transient',
    message,
    remedy,
    unreachable: true,
    observedAt,
  });
  return attemptFailure(failure, {
    retry: 'network',
    failOver: kind === 'connect' || kind === 'tls' || kind === 'proxy',
    staleSocket: kind === 'stale',
  });
}

/** What a person can do when there was no whole answer. */
export function remedyOfHttpError({ kind, refusal }: HttpError): string {
  if (refusal !== null) return remedyOfProxy(refusal);
  if (kind === 'too_large') return 'a scene list has a few kilobytes: check what source.baseUrl points at';
  return kind === 'tls' ? CHECK_TLS : CHECK_NETWORK;
}

function remedyOfProxy({ proxy: { name, origin }, status, host }: ProxyRefusal): string {
  if (status === 407) return `write the user and the password of the proxy into ${origin}, before ${name} and an @`;
  if (status !== null) return `see that the proxy ${name} may connect to ${host}, or correct ${origin}`;
  return `see that the proxy ${name} is up and can be reached from here, or correct ${origin}`;
}

function byProxy({ proxy }: HttpAnswer): string {
  return proxy === undefined ? '' : `, or the proxy ${proxy} before it,`;
}

/** What was asked, and with what. */
export type Asked = Pick<AnsweredCode, 'endpoint' | 'credentials'>;

interface Refusal extends AnsweredCode {
  readonly rid: unknown;
  readonly observedAt: Micros;
}

function refusal(given: Refusal, redact: (text: string) => string): AttemptFailure {
  const { code, errmsg, rid, observedAt } = given;
  const { errorClass, meaning, remedy, accountOnly, credentialsRefused } = classifyErrorCode(given);
  const said = shorten(oneLine(redact(errmsg)));
  const message = `WeChat answered ${code}: ${saidText(said, rid, meaning)}`;
  const failure = callFailure({ code, errorClass, message, remedy, accountOnly, credentialsRefused, observedAt });
  return attemptFailure(failure, { retry: retryReasonOf(code, errorClass === 'transient') });
}

function retryReasonOf(code: string, transient: boolean): RetryReason | null {
  if (!transient) return null;
  return code === '45011' ? 'rate_limited' : 'system_busy';
}

function clockSkew(answer: HttpAnswer): AttemptFailure | null {
  const theirs = answer.date === null ? undefined : parseHttpDate(answer.date);
  if (theirs === undefined) return null;
  const skew = answer.receivedAt - theirs;
  if (skew <= MAX_CLOCK_SKEW && skew >= -MAX_CLOCK_SKEW) return null;
  const seconds = (skew < 0n ? -skew : skew) / 1_000_000n;
  return attemptFailure(
    callFailure({
      code: 'clock_skew',
      message: `our clock is ${seconds} s ${skew < 0n ? 'behind' : 'ahead of'} the Date of the answer (${answer.date})`,
      remedy: 'set the clock of this machine (NTP), then run again',
      doNotRecord: true,
      observedAt: answer.receivedAt,
    }),
  );
}

/** WeChat's text goes to terminals and tables: no control characters, no broken surrogates. */
function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
}

/** Cuts out the middle, since the end holds the rid that WeChat's support asks for. */
function shorten(text: string): string {
  if (text.length <= MAX_ERRMSG_LENGTH) return text;
  return `${text.slice(0, MAX_ERRMSG_LENGTH - 150)} … ${text.slice(-150)}`.toWellFormed();
}
