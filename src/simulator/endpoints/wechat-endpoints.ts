import type { Quotas } from '../quotas.ts';
import type { RidLog } from '../rid-log.ts';
import { componentEndpoints } from './component-endpoints.ts';
import type { WechatEndpoint, WechatState } from './endpoint.ts';
import { openapiEndpoints } from './openapi-endpoints.ts';
import { sceneEndpoint } from './scene-endpoint.ts';
import { tokenEndpoints } from './token-endpoints.ts';

/**
 * The paths of WeChat's API that are simulated; those of a platform are there when the simulator
 * has one.
 */
export function wechatEndpoints(state: WechatState, quotas: Quotas, rids: RidLog): ReadonlyMap<string, WechatEndpoint> {
  const endpoints = new Map<string, WechatEndpoint>([
    ['/wxaapi/log/get_scene', sceneEndpoint(state)],
    ...tokenEndpoints(state),
    ...(state.platform === undefined ? [] : componentEndpoints(state)),
  ]);
  return new Map([...endpoints, ...openapiEndpoints(state, quotas, rids, endpoints)]);
}
