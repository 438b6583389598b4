/**
 * WeChat's diagnostics (`/cgi-bin/openapi/`): what it knows about a failed call, and what is left
 * of a quota.
 */
import { isJsonObject, numberLiteral } from '../normalize/exact-json.ts';
import type { AccountRequest } from './ask-with-token.ts';

/**
 * Asks what a rid stands for.
 * https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getridinfo.html
 */
export function ridRequest(rid: string): AccountRequest {
  return { endpoint: 'openapi', method: 'POST', path: '/cgi-bin/openapi/rid/get', json: { rid } };
}

/**
 * Asks what is left of the quota of a path.
 * https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getapiquota.html
 */
export function quotaRequest(path: string): AccountRequest {
  return { endpoint: 'openapi', method: 'POST', path: '/cgi-bin/openapi/quota/get', json: { cgi_path: path } };
}

/** What WeChat knows about a call; a member is null when WeChat does not tell it. */
export interface RidExplanation {
  readonly kind: 'explanation';
  /** Seconds since 1970. */
  readonly invokeTime: number | null;
  readonly costMs: number | null;
  readonly clientIp: string | null;
  readonly requestUrl: string | null;
  readonly requestBody: string | null;
  readonly responseBody: string | null;
}

/** `safe` redacts a text of the answer. Null for an answer that is not one of `rid/get`. */
export function readExplanation(answer: unknown, safe: (text: string) => string): RidExplanation | null {
  const request = isJsonObject(answer) ? answer['request'] : undefined;
  if (!isJsonObject(request)) return null;
  const textOf = (name: string) => {
    const value = request[name];
    return typeof value === 'string' ? safe(value) : null;
  };
  return {
    kind: 'explanation',
    invokeTime: countOf(request['invoke_time']),
    costMs: countOf(request['cost_in_ms']),
    clientIp: textOf('client_ip'),
    requestUrl: textOf('request_url'),
    requestBody: textOf('request_body'),
    responseBody: textOf('response_body'),
  };
}

/** Calls of one day, from midnight to midnight in China (UTC+8). */
export interface Quota {
  readonly kind: 'quota';
  readonly dailyLimit: number;
  readonly used: number;
  readonly remain: number;
  /** The short-term limit, `calls` within `seconds`; null when WeChat names none. */
  readonly rate: { readonly calls: number; readonly seconds: number } | null;
}

/**
 * Null for an answer that is not one of `quota/get`. The rate of an authorizer is its
 * `component_rate_limit`.
 */
export function readQuota(answer: unknown): Quota | null {
  if (!isJsonObject(answer) || !isJsonObject(answer['quota'])) return null;
  const { daily_limit: limit, used, remain } = answer['quota'];
  const numbers = [limit, used, remain].map(countOf);
  const [dailyLimit, taken, left] = numbers;
  if (dailyLimit == null || taken == null || left == null) return null;
  const rate = [answer['component_rate_limit'], answer['rate_limit']].find(isJsonObject);
  const calls = countOf(rate?.['call_count']);
  const seconds = countOf(rate?.['refresh_second']);
  return {
    kind: 'quota',
    dailyLimit,
    used: taken,
    remain: left,
    rate: calls === null || seconds === null ? null : { calls, seconds },
  };
}

function countOf(value: unknown): number | null {
  const count = Number(typeof value === 'string' ? value : numberLiteral(value));
  return value !== '' && Number.isSafeInteger(count) && count >= 0 ? count : null;
}
