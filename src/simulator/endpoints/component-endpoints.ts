import { INVALID_TOKEN } from '../simulator-faults.ts';
import { errorReply, jsonReply, type SimulatorReply } from '../simulator-reply.ts';
import {
  type EndpointAnswer,
  type EndpointRequest,
  type Fields,
  isText,
  noCaller,
  readFields,
  refused,
  tokenRefusal,
  type WechatEndpoint,
  type WechatState,
} from './endpoint.ts';

const LARGEST_PAGE = 500;

/**
 * What a third-party platform calls for itself: its own token, the roster of its accounts, and
 * their tokens.
 */
export function componentEndpoints(state: WechatState): ReadonlyMap<string, WechatEndpoint> {
  const api = new ComponentApi(state);
  return new Map<string, WechatEndpoint>([
    [
      '/cgi-bin/component/api_component_token',
      { faultName: 'component_token', handle: (request) => api.componentToken(request) },
    ],
    [
      '/cgi-bin/component/api_get_authorizer_list',
      { faultName: 'authorizer_list', handle: (request) => api.authorizerList(request) },
    ],
    [
      '/cgi-bin/component/api_authorizer_token',
      { faultName: 'authorizer_token', handle: (request) => api.authorizerToken(request) },
    ],
  ]);
}

class ComponentApi {
  readonly #state: WechatState;
  readonly #caller: string | null;

  constructor(state: WechatState) {
    this.#state = state;
    this.#caller = state.platform?.componentAppId ?? null;
  }

  componentToken(request: EndpointRequest): EndpointAnswer {
    const read = readFields(request);
    if (!('fields' in read)) return read;
    const { component_appsecret: secret, component_verify_ticket: ticket } = read.fields;
    const refusal = this.#appIdRefusal(read.fields) ?? this.#mintRefusal(secret, ticket);
    const { tokens, minted } = this.#state;
    const answer = () => {
      if (refusal !== undefined) return refusal;
      const { token, expiresInSeconds } = tokens.mintComponent();
      minted.component_token += 1;
      return jsonReply({ component_access_token: token, expires_in: expiresInSeconds });
    };
    const quotaOwner = refusal === undefined ? this.#caller : null;
    const sent = { token: text(ticket), secret: text(secret) };
    return { appId: null, caller: this.#caller, quotaOwner, sent, answer };
  }

  authorizerList(request: EndpointRequest): EndpointAnswer {
    return this.#asPlatform(request, ({ offset, count }) => {
      const { accounts, platform } = this.#state;
      if (!isCount(offset) || !isCount(count) || count === 0 || count > LARGEST_PAGE || platform === undefined) {
        return errorReply(40097, 'invalid args');
      }
      platform.beforePage(offset, count);
      const list = platform.roster.page(offset, count).map(({ index, authTime }) => {
        const { appId, listsRefreshToken } = accounts.at(index);
        return {
          authorizer_appid: appId,
          refresh_token: listsRefreshToken === false ? '' : platform.refreshToken(appId),
          auth_time: authTime,
        };
      });
      return jsonReply({ total_count: platform.roster.size, list });
    });
  }

  authorizerToken(request: EndpointRequest): EndpointAnswer {
    const answer = ({ authorizer_appid: appId, authorizer_refresh_token: refreshToken }: Fields) => {
      const { platform, tokens, minted } = this.#state;
      if (!isText(appId)) return errorReply(40013, 'invalid appid');
      if (platform?.isAuthorized(appId) !== true) {
        return errorReply(61003, 'component is not authorized by this account');
      }
      if (!platform.isRefreshTokenAlive(appId, text(refreshToken))) {
        return errorReply(61023, 'refresh_token is invalid');
      }
      platform.useRefreshToken(appId);
      const { token, expiresInSeconds } = tokens.authorizer(appId);
      minted.authorizer_token += 1;
      return jsonReply({
        authorizer_access_token: token,
        expires_in: expiresInSeconds,
        authorizer_refresh_token: platform.refreshToken(appId),
      });
    };
    return this.#asPlatform(request, answer, (fields) => fields['authorizer_appid']);
  }

  /** For endpoints that take the platform's token in the query and its app id in the body. */
  #asPlatform(
    request: EndpointRequest,
    answer: (fields: Fields) => SimulatorReply,
    aboutAccount: (fields: Fields) => unknown = () => null,
  ): EndpointAnswer {
    const token = request.query.get('component_access_token') ?? request.query.get('access_token') ?? '';
    const found = this.#state.tokens.inspect(token);
    const read = readFields(request);
    if (request.method !== 'POST') return refused(43002, 'require POST method');
    const wrongKind =
      found.state === 'valid' && found.kind !== 'component' ? errorReply(40001, INVALID_TOKEN) : undefined;
    const refusal = tokenRefusal(token, found) ?? wrongKind;
    const sent = { token, secret: 'fields' in read ? text(read.fields['authorizer_refresh_token']) : '' };
    if (refusal !== undefined) return { ...noCaller, sent, answer: () => refusal };
    const caller = this.#caller;
    if (!('fields' in read)) return { ...read, caller, sent };
    const about = aboutAccount(read.fields);
    return {
      appId: isText(about) ? about : null,
      caller,
      quotaOwner: caller,
      sent,
      answer: () => this.#appIdRefusal(read.fields) ?? answer(read.fields),
    };
  }

  #mintRefusal(secret: unknown, ticket: unknown): SimulatorReply | undefined {
    const { platform } = this.#state;
    if (!isText(secret)) return errorReply(41004, 'appsecret missing');
    if (secret !== platform?.componentAppSecret) return errorReply(40125, 'invalid appsecret');
    const ticketState = isText(ticket) ? platform.tickets.inspect(ticket) : 'invalid';
    if (ticketState === 'expired') return errorReply(61005, 'component ticket is expired');
    return ticketState === 'invalid' ? errorReply(61006, 'component ticket is invalid') : undefined;
  }

  #appIdRefusal({ component_appid: appId }: Fields): SimulatorReply | undefined {
    if (!isText(appId)) return errorReply(41018, 'component_appid missing');
    return appId === this.#caller ? undefined : errorReply(40013, 'invalid appid');
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
