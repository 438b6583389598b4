import type { RefreshTokenStore, RosterStore } from '../../platform-stores.ts';
import type { MemoryTarget } from './memory-target.ts';

/**
 * The roster and the refresh tokens of a target in memory. `enter` throws when it may not be used.
 */
export function createMemoryPlatformStores(
  target: MemoryTarget,
  enter: (signal: AbortSignal) => void,
): { readonly roster: RosterStore; readonly refreshTokens: RefreshTokenStore } {
  return {
    roster: {
      async *read(signal) {
        enter(signal);
        for (const appId of target.roster) {
          signal.throwIfAborted();
          yield appId;
        }
      },
      async write(appIds, _listedAt, signal) {
        enter(signal);
        target.roster = new Set(appIds);
      },
    },
    refreshTokens: {
      async read(appIds, signal) {
        enter(signal);
        return readTokens(target.refreshTokens, appIds);
      },
      async replace(changes, signal) {
        enter(signal);
        const { refreshTokens } = target;
        const taken = changes.filter(({ appId, expected }) => (refreshTokens.get(appId) ?? null) === expected);
        for (const { appId, token } of taken) refreshTokens.set(appId, token);
        return new Set(taken.map(({ appId }) => appId));
      },
    },
  };
}

function readTokens(tokens: MemoryTarget['refreshTokens'], appIds: readonly string[]): ReadonlyMap<string, string> {
  const found = appIds.flatMap((appId) => {
    const token = tokens.get(appId);
    return token === undefined ? [] : [[appId, token] as const];
  });
  return new Map(found);
}
