import type { SceneLists } from './scene-lists.ts';
import type { ScriptRunner } from './script-runner.ts';
import type { SimulatorEndpoint } from './simulator-faults.ts';
import { INVALID_TOKEN } from './simulator-faults.ts';
import { errorReply, jsonReply, type SentSecrets, type SimulatorReply, sceneListReply } from './simulator-reply.ts';
import type { TokenStore } from './token-store.ts';

export interface EndpointRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface EndpointAnswer {
  readonly reply: SimulatorReply;
  readonly appId: string | null;
  readonly sent: SentSecrets;
}

export interface WechatEndpoint {
  /** What faults call it; null for one that takes none. */
  readonly faultName: SimulatorEndpoint | null;
  handle(request: EndpointRequest): EndpointAnswer;
}

/** The paths of WeChat's API that are simulated; third-party platform endpoints are to be added here. */
export function wechatEndpoints(
  lists: SceneLists,
  tokens: TokenStore,
  script: ScriptRunner,
): ReadonlyMap<string, WechatEndpoint> {
  function getScene({ method, query }: EndpointRequest): EndpointAnswer {
    const token = query.get('access_token') ?? '';
    const state = tokens.inspect(token);
    const appId = state.state === 'invalid' ? null : state.appId;
    const answer = (reply: SimulatorReply) => ({ reply, appId, sent: { token, secret: '' } });
    if (method !== 'GET') return answer(errorReply(43001, 'require GET method'));
    if (token === '') return answer(errorReply(41001, 'access_token missing'));
    if (state.state === 'expired') return answer(errorReply(42001, 'access_token expired'));
    if (appId === null) return answer(errorReply(40001, INVALID_TOKEN));
    script.beforeList(appId);
    return answer(sceneListReply(lists.rowsOf(appId)));
  }

  function stableToken({ method, body }: EndpointRequest): EndpointAnswer {
    if (method !== 'POST') return refused(errorReply(43002, 'require POST method'));
    if (body === '') return refused(errorReply(44002, 'empty post data'));
    const fields = parseObject(body);
    if (fields === undefined) return refused(errorReply(47001, 'data format error'));
    return issue(fields, fields.force_refresh === true ? 'replace' : 'stable');
  }

  function classicToken({ method, query }: EndpointRequest): EndpointAnswer {
    if (method !== 'GET') return refused(errorReply(43001, 'require GET method'));
    return issue(Object.fromEntries(query), 'classic');
  }

  function issue(fields: Readonly<Record<string, unknown>>, how: 'stable' | 'replace' | 'classic'): EndpointAnswer {
    const { grant_type: grantType, appid: appId, secret } = fields;
    if (grantType !== 'client_credential') return refused(errorReply(40002, 'invalid grant_type'));
    if (typeof appId !== 'string' || appId === '') return refused(errorReply(41002, 'appid missing'));
    if (typeof secret !== 'string' || secret === '') return refused(errorReply(41004, 'appsecret missing'), appId);
    if (!tokens.has(appId)) return refused(errorReply(40013, 'invalid appid'), appId);
    if (secret !== tokens.appSecret(appId)) return refused(errorReply(40125, 'invalid appsecret'), appId);
    const { token, expiresInSeconds } = tokens[how](appId);
    return {
      reply: jsonReply({ access_token: token, expires_in: expiresInSeconds }),
      appId,
      sent: { token: '', secret },
    };
  }

  return new Map<string, WechatEndpoint>([
    ['/wxaapi/log/get_scene', { faultName: 'get_scene', handle: getScene }],
    ['/cgi-bin/stable_token', { faultName: 'stable_token', handle: stableToken }],
    ['/cgi-bin/token', { faultName: null, handle: classicToken }],
  ]);
}

function refused(reply: SimulatorReply, appId: string | null = null): EndpointAnswer {
  return { reply, appId, sent: { token: '', secret: '' } };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
