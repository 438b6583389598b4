import { jsonReply } from '../simulator-reply.ts';
import {
  type EndpointAnswer,
  type EndpointRequest,
  type Fields,
  isText,
  type MintedBy,
  readFields,
  refused,
  type WechatEndpoint,
  type WechatState,
} from './endpoint.ts';

/** The endpoints that give an account a token for its own secret. */
export function tokenEndpoints({ accounts, tokens, minted }: WechatState): ReadonlyMap<string, WechatEndpoint> {
  function stableToken(request: EndpointRequest): EndpointAnswer {
    const read = readFields(request);
    if (!('fields' in read)) return read;
    return issue(read.fields, read.fields['force_refresh'] === true ? 'force_refresh' : 'stable_token');
  }

  function classicToken({ method, query }: EndpointRequest): EndpointAnswer {
    if (method !== 'GET') return refused(43001, 'require GET method');
    return issue(Object.fromEntries(query), 'token');
  }

  function issue(fields: Fields, by: keyof typeof methods): EndpointAnswer {
    const { grant_type: grantType, appid: appId, secret } = fields;
    if (grantType !== 'client_credential') return refused(40002, 'invalid grant_type');
    if (!isText(appId)) return refused(41002, 'appid missing');
    if (!isText(secret)) return refused(41004, 'appsecret missing', appId);
    if (!accounts.has(appId)) return refused(40013, 'invalid appid', appId);
    if (secret !== accounts.appSecret(appId)) return refused(40125, 'invalid appsecret', appId);
    const answer = () => {
      const { token, expiresInSeconds, isNew } = tokens[methods[by]](appId);
      if (isNew) minted[by] += 1;
      return jsonReply({ access_token: token, expires_in: expiresInSeconds });
    };
    return { appId, caller: appId, quotaOwner: appId, sent: { token: '', secret }, answer };
  }

  return new Map<string, WechatEndpoint>([
    ['/cgi-bin/stable_token', { faultName: 'stable_token', handle: stableToken }],
    ['/cgi-bin/token', { faultName: 'token', handle: classicToken }],
  ]);
}

const methods = { stable_token: 'stable', force_refresh: 'replace', token: 'classic' } as const satisfies Partial<
  Record<MintedBy, string>
>;
