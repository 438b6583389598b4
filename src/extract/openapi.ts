/** WeChat's diagnostics: what it knows about a call that failed, and how much of a quota is left. */
import { isJsonObject, numberLiteral } from '../normalize/exact-json.ts';
import type { AccountRequest } from './ask-with-token.ts';

/** Asks what a rid stands for. https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getridinfo.html */
export function ridRequest(rid: string): AccountRequest {
  return { endpoint: 'openapi', method: 'POST', path: '/cgi-bin/openapi/rid/get', json: { rid } };
}

/** Asks what is left of the quota of a path. https://developers.weixin.qq.com/doc/oplatform/openApi/openapi/api_getapiquota.html */
export function quotaRequest(path: string): AccountRequest {
  return { endpoint: 'openapi', method: 'POST', path: '/cgi-bin/openapi/quota/get', json: { cgi_path: path } };
}

/** What WeChat knows about a call; null for what it does not tell. */
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

/** `safe` makes a text of WeChat's one that may be shown. Null when the answer is not one about a rid. */
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

/** Calls of a day, midnight to midnight in China. */
export interface Quota {
  readonly kind: 'quota';
  readonly dailyLimit: number;
  readonly used: number;
  readonly remain: number;
  /** How many calls each so many seconds may have; null when WeChat tells none. */
  readonly rate: { readonly calls: number; readonly seconds: number } | null;
}

/** Null when the answer is not one about a quota. A platform's accounts have a rate of their own. */
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
