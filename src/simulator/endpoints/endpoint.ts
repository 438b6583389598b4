import type { AccountDirectory } from '../accounts/account-directory.ts';
import type { TokenStore } from '../accounts/token-store.ts';
import type { SimulatedPlatform } from '../platform/simulated-platform.ts';
import type { SceneLists } from '../scene-lists.ts';
import type { ScriptRunner } from '../script-runner.ts';
import { INVALID_TOKEN, type SimulatorEndpoint } from '../simulator-faults.ts';
import { errorReply, type SentSecrets, type SimulatorReply } from '../simulator-reply.ts';

/** What the endpoints answer from, and change. */
export interface WechatState {
  readonly accounts: AccountDirectory;
  readonly tokens: TokenStore;
  readonly lists: SceneLists;
  readonly script: ScriptRunner;
  readonly platform: SimulatedPlatform | undefined;
  readonly minted: Record<MintedBy, number>;
}

/** What gives new access tokens: an endpoint, or `stable_token` with `force_refresh`. */
export const mintedBy = ['stable_token', 'force_refresh', 'token', 'component_token', 'authorizer_token'] as const;
export type MintedBy = (typeof mintedBy)[number];

export interface EndpointRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly body: string;
}

export interface EndpointAnswer {
  /** The account that the request is about. */
  readonly appId: string | null;
  /**
   * App id of the account, or of the platform, whose token or secret was sent; null when it is not
   * known.
   */
  readonly caller: string | null;
  /**
   * App id of the account or the platform whose quota the call takes from; null when it takes from
   * none.
   */
  readonly quotaOwner: string | null;
  readonly sent: SentSecrets;
  /** Does what was asked and makes the answer. */
  readonly answer: () => SimulatorReply;
}

export interface WechatEndpoint {
  /** What faults call it; null for one that takes none. */
  readonly faultName: SimulatorEndpoint | null;
  handle(request: EndpointRequest): EndpointAnswer;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Of a request that tells noCaller. */
export const noCaller = { appId: null, caller: null, quotaOwner: null } as const;

export function refused(code: number, errmsg: string, appId: string | null = null): EndpointAnswer {
  return {
    appId,
    caller: appId,
    quotaOwner: null,
    sent: { token: '', secret: '' },
    answer: () => errorReply(code, errmsg),
  };
}

/** The members of a JSON body that was posted, or why they are refused. */
export function readFields({ method, body }: EndpointRequest): { readonly fields: Fields } | EndpointAnswer {
  if (method !== 'POST') return refused(43002, 'require POST method');
  if (body === '') return refused(44002, 'empty post data');
  const fields = parseObject(body);
  return fields === undefined ? refused(47001, 'data format error') : { fields };
}

/** Why a token of the query is not taken; undefined when it is. */
export function tokenRefusal(token: string, state: ReturnType<TokenStore['inspect']>): SimulatorReply | undefined {
  if (token === '') return errorReply(41001, 'access_token missing');
  if (state.state === 'expired') return errorReply(42001, 'access_token expired');
  return state.state === 'invalid' ? errorReply(40001, INVALID_TOKEN) : undefined;
}

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}
