import type { Quotas } from '../quotas.ts';
import type { RidLog } from '../rid-log.ts';
import { errorReply, jsonReply, type SimulatorReply } from '../simulator-reply.ts';
import {
  type EndpointAnswer,
  type EndpointRequest,
  type Fields,
  noCaller,
  readFields,
  refused,
  tokenRefusal,
  type WechatEndpoint,
  type WechatState,
} from './endpoint.ts';

/** WeChat's own diagnostics: what a rid stands for, and what is left of a quota. */
export function openapiEndpoints(
  { tokens, platform }: WechatState,
  quotas: Quotas,
  rids: RidLog,
  endpoints: ReadonlyMap<string, WechatEndpoint>,
): ReadonlyMap<string, WechatEndpoint> {
  const forCaller = (answer: AnswerCaller): WechatEndpoint => {
    return { faultName: null, handle: (request) => asCaller(tokens, request, answer) };
  };
  const sources = { platform, quotas, endpoints };
  return new Map([
    ['/cgi-bin/openapi/rid/get', forCaller((fields, caller) => explainRid(rids, fields, caller))],
    ['/cgi-bin/openapi/quota/get', forCaller((fields, caller) => readQuota(sources, fields, caller))],
  ]);
}

/** For endpoints that take any token of the caller's in the query. */
function asCaller(tokens: WechatState['tokens'], request: EndpointRequest, answer: AnswerCaller): EndpointAnswer {
  const token = request.query.get('access_token') ?? '';
  const found = tokens.inspect(token);
  const read = readFields(request);
  if (request.method !== 'POST') return refused(43002, 'require POST method');
  const sent = { token, secret: '' };
  const refusal = tokenRefusal(token, found);
  if (refusal !== undefined) return { ...noCaller, sent, answer: () => refusal };
  if (found.state === 'invalid') throw new Error('an invalid token was not refused');
  const { appId, kind } = found;
  const shared = { caller: appId, appId: kind === 'component' ? null : appId, quotaOwner: null, sent };
  if (!('fields' in read)) return { ...read, ...shared };
  return { ...shared, answer: () => answer(read.fields, { appId, kind }) };
}

function explainRid(rids: RidLog, { rid }: Fields, caller: Caller): SimulatorReply {
  if (typeof rid !== 'string' || !/^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/.test(rid))
    return errorReply(76002, 'rid is error');
  const call = rids.find(rid);
  if (call === undefined) return errorReply(76001, 'rid not found, please check');
  if (call.caller !== caller.appId) return errorReply(76003, 'could not query this rid,no permission');
  return jsonReply({
    errcode: 0,
    errmsg: 'ok',
    request: {
      invoke_time: call.invokeTime,
      cost_in_ms: call.costMs,
      request_url: call.requestUrl,
      request_body: call.requestBody,
      response_body: call.responseBody,
      client_ip: call.clientIp,
    },
  });
}

function readQuota(
  { platform, quotas, endpoints }: QuotaSources,
  { cgi_path: path }: Fields,
  caller: Caller,
): SimulatorReply {
  if (typeof path !== 'string' || !path.startsWith('/')) return errorReply(76003, 'cgi_path is invalid');
  const endpoint = endpoints.get(path)?.faultName;
  if (endpoint === undefined || endpoint === null) return errorReply(76021, 'cgi_path not found, please check');
  const isPlatforms = path.startsWith('/cgi-bin/component/');
  if (isPlatforms !== (caller.kind === 'component')) {
    return errorReply(76022, 'could not use this cgi_path,no permission');
  }
  const owner = caller.kind === 'authorizer' ? (platform?.componentAppId ?? '') : caller.appId;
  const { limit, used, perMinute } = quotas.read(owner, endpoint);
  const rate = { call_count: perMinute, refresh_second: 60 };
  return jsonReply({
    errcode: 0,
    errmsg: 'ok',
    quota: { daily_limit: limit, used, remain: limit - used },
    [caller.kind === 'authorizer' ? 'component_rate_limit' : 'rate_limit']: rate,
  });
}

/** Answers a request whose token was taken. */
type AnswerCaller = (fields: Fields, caller: Caller) => SimulatorReply;

interface QuotaSources extends Pick<WechatState, 'platform'> {
  readonly quotas: Quotas;
  readonly endpoints: ReadonlyMap<string, WechatEndpoint>;
}

interface Caller {
  readonly appId: string;
  readonly kind: 'stable' | 'classic' | 'authorizer' | 'component';
}
