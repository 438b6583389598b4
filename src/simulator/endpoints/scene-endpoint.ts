import { INVALID_TOKEN } from '../simulator-faults.ts';
import { errorReply, type SimulatorReply, sceneListReply } from '../simulator-reply.ts';
import {
  type EndpointAnswer,
  type EndpointRequest,
  tokenRefusal,
  type WechatEndpoint,
  type WechatState,
} from './endpoint.ts';

/** getSceneList, with a token of the account or the platform's for it. */
export function sceneEndpoint(state: WechatState): WechatEndpoint {
  const { accounts, tokens, lists, script, platform } = state;

  function handle({ method, query }: EndpointRequest): EndpointAnswer {
    const token = query.get('access_token') ?? '';
    const found = tokens.inspect(token);
    const appId = found.state === 'invalid' || found.kind === 'component' ? null : found.appId;
    const isPlatforms = found.state === 'valid' && found.kind === 'authorizer';
    const answer = (make: () => SimulatorReply, quotaOwner: string | null = null) => {
      return { appId, caller: appId, quotaOwner, sent: { token, secret: '' }, answer: make };
    };
    if (method !== 'GET') return answer(() => errorReply(43001, 'require GET method'));
    const refusal = tokenRefusal(token, found);
    if (refusal !== undefined) return answer(() => refusal);
    if (appId === null) return answer(() => errorReply(40001, INVALID_TOKEN));
    script.beforeList(appId);
    return answer(
      () => unfit(appId, isPlatforms) ?? sceneListReply(lists.rowsOf(appId)),
      isPlatforms ? (platform?.componentAppId ?? null) : appId,
    );
  }

  function unfit(appId: string, isPlatforms: boolean): SimulatorReply | undefined {
    const { type, permissionSet18 } = accounts.at(accounts.indexOf(appId) ?? -1);
    if (isPlatforms && platform?.isAuthorized(appId) !== true) {
      return errorReply(61003, 'component is not authorized by this account hint: [abc]');
    }
    if (isPlatforms && permissionSet18 === false) {
      return errorReply(61007, 'api is unauthorized to component');
    }
    return type === 'official_account' ? errorReply(48001, 'api unauthorized') : undefined;
  }

  return { faultName: 'get_scene', handle };
}
