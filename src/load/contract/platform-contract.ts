import { describe, expect, it, type TestContext } from 'vitest';
import type { RefreshTokenChange, RefreshTokenStore, RosterStore } from '../../platform-stores.ts';
import type { Loader } from '../loader.ts';
import type { ContractTargets } from './contract-target.ts';
import { neverAborted, openEmptyTarget, openTarget } from './contract-target.ts';
import { manyAppIds } from './many-rows.ts';
import { instantAt } from './sample-rows.ts';

/** Texts that a list may hold where an app id is expected. */
const oddAppIds: readonly string[] = [
  ' ',
  '*',
  'a,b',
  'a"b',
  "a'b",
  '{a}',
  'a\\b',
  '\\N',
  'NULL',
  '@x',
  '?',
  ':n',
  '号\u{1f680}',
];
const oddTokens: readonly string[] = ['NULL', '\\N', 'a,b', '{"a"}', "a'b", 'refreshtoken@@@_-=+/', 't'.repeat(2_000)];

/** What a loader may keep for a third-party platform. */
export type PlatformStore = 'roster' | 'refreshTokens';

/** The roster of a platform and its refresh tokens, of targets that keep them. */
export function describePlatformStores(targets: ContractTargets, without: readonly PlatformStore[]): void {
  if (!without.includes('roster')) describeRoster(targets);
  if (!without.includes('refreshTokens')) describeRefreshTokens(targets);
}

function describeRoster(targets: ContractTargets): void {
  describe('the roster', () => {
    it('is what was written last, in no order', async (context) => {
      await using target = await openTarget(targets);
      const roster = rosterOf(target.loader, context);
      expect(await listed(roster)).toEqual([]);
      await roster.write(manyAppIds, instantAt(0), neverAborted);
      expect(await listed(roster)).toEqual(manyAppIds);
      await roster.write(['wx9', 'wx0001', 'wx9'], instantAt(1), neverAborted);
      expect(await listed(roster)).toEqual(['wx0001', 'wx9']);
      await roster.write(['wx0002', 'wx9'], instantAt(1), neverAborted);
      expect(await listed(rosterOf(await target.second(), context))).toEqual(['wx0002', 'wx9']);
      await roster.write([], instantAt(2), neverAborted);
      expect(await listed(roster)).toEqual([]);
      await roster.write(['wx9'], instantAt(3), neverAborted);
      expect(await listed(roster)).toEqual(['wx9']);
    });

    it('takes any text for an app id', async (context) => {
      await using target = await openTarget(targets);
      const roster = rosterOf(target.loader, context);
      await roster.write(oddAppIds, instantAt(0), neverAborted);
      expect(await listed(roster)).toEqual(oddAppIds.toSorted());
    });

    it('is one of two that are written at once, and not a part of each', async (context) => {
      await using target = await openTarget(targets);
      const first = rosterOf(target.loader, context);
      const second = rosterOf(await target.second(), context);
      const [one, two] = [manyAppIds.slice(0, 4_000), manyAppIds.slice(2_000)];
      const written = [first.write(one, instantAt(0), neverAborted), second.write(two, instantAt(0), neverAborted)];
      expect((await Promise.allSettled(written)).some(({ status }) => status === 'fulfilled')).toBe(true);
      expect([one, two]).toContainEqual(await listed(first));
    });

    it('needs a schema', async (context) => {
      await using target = await openEmptyTarget(targets);
      const roster = rosterOf(target.loader, context);
      const refused = { name: 'ScenedimError', code: expect.stringMatching(/^(schema_outdated|target_invalid)$/) };
      await expect(listed(roster)).rejects.toMatchObject(refused);
      await expect(roster.write(['wx1'], instantAt(0), neverAborted)).rejects.toMatchObject(refused);
    });
  });
}

function describeRefreshTokens(targets: ContractTargets): void {
  describe('refresh tokens', () => {
    it('take the place of the token that is expected, and of no other', async (context) => {
      await using target = await openTarget(targets);
      const tokens = tokensOf(target.loader, context);
      const replace = async (...changes: readonly [appId: string, expected: string | null, token: string][]) => [
        ...(await tokens.replace(changes.map(changeOf), neverAborted)),
      ];
      expect(await tokens.read(['wx1', 'wx2'], neverAborted)).toEqual(new Map());
      expect(await replace(['wx1', 'old', 'new'])).toEqual([]);
      expect((await replace(['wx1', null, 'a'], ['wx2', null, 'b'])).sort()).toEqual(['wx1', 'wx2']);
      expect(
        (await replace(['wx1', 'a', 'aa'], ['wx2', null, 'x'], ['wx3', null, 'c'], ['wx4', 'd', 'x'])).sort(),
      ).toEqual(['wx1', 'wx3']);
      expect(await replace(['wx1', 'a', 'x'], ['wx2', 'B', 'x'], ['wx3', ' c', 'x'])).toEqual([]);
      const stored = { wx1: 'aa', wx2: 'b', wx3: 'c' };
      const read = await tokensOf(await target.second(), context).read(['wx1', 'wx2', 'wx3', 'wx4'], neverAborted);
      expect(Object.fromEntries(read)).toEqual(stored);
      expect(Object.fromEntries(await tokens.read(['wx2'], neverAborted))).toEqual({ wx2: 'b' });
    });

    it('are kept as they are, whatever text they and their app ids are', async (context) => {
      await using target = await openTarget(targets);
      const tokens = tokensOf(target.loader, context);
      const token = (n: number) => oddTokens[n % oddTokens.length] ?? '';
      await tokens.replace(
        oddAppIds.map((appId, n) => changeOf([appId, null, token(n)])),
        neverAborted,
      );
      const again = oddAppIds.map((appId, n) => changeOf([appId, token(n), token(n + 1)]));
      expect(await tokens.replace(again, neverAborted)).toEqual(new Set(oddAppIds));
      expect(await tokens.read(oddAppIds, neverAborted)).toEqual(
        new Map(oddAppIds.map((appId, n) => [appId, token(n + 1)])),
      );
    });

    it('are replaced for exactly one of many who expect the same, 1,000 at once', async (context) => {
      await using target = await openTarget(targets);
      const clients = [tokensOf(target.loader, context), tokensOf(await target.second(), context)];
      const appIds = manyAppIds.slice(0, 1_000);
      for (const expected of [null, 'winner']) {
        const changes = clients.map((_, n) =>
          appIds.map((appId) => changeOf([appId, expected && `${expected} of ${appId}`, `client ${n}`])),
        );
        const replaced = await Promise.all(
          clients.map((client, n) =>
            client.replace(n === 0 ? (changes[n] ?? []) : (changes[n] ?? []).toReversed(), neverAborted),
          ),
        );
        expect(replaced.flatMap((appIdsOf) => [...appIdsOf]).sort()).toEqual(appIds);
        const stored = await clients[0]?.read(appIds, neverAborted);
        for (const [n, appIdsOf] of replaced.entries())
          for (const appId of appIdsOf) expect(stored?.get(appId)).toBe(`client ${n}`);
        const named = appIds.map((appId) => changeOf([appId, stored?.get(appId) ?? null, `winner of ${appId}`]));
        expect((await clients[1]?.replace(named, neverAborted))?.size).toBe(1_000);
      }
    });

    it('need a schema', async (context) => {
      await using target = await openEmptyTarget(targets);
      const tokens = tokensOf(target.loader, context);
      const refused = { name: 'ScenedimError', code: expect.stringMatching(/^(schema_outdated|target_invalid)$/) };
      await expect(tokens.read(['wx1'], neverAborted)).rejects.toMatchObject(refused);
      await expect(tokens.replace([changeOf(['wx1', null, 'a'])], neverAborted)).rejects.toMatchObject(refused);
    });
  });
}

async function listed(roster: RosterStore): Promise<readonly string[]> {
  return (await Array.fromAsync(roster.read(neverAborted))).sort();
}

function changeOf([appId, expected, token]: readonly [string, string | null, string]): RefreshTokenChange {
  return { appId, expected, token };
}

function rosterOf({ roster }: Loader, { skip }: TestContext): RosterStore {
  return roster ?? skip('the target keeps no roster');
}

function tokensOf({ refreshTokens }: Loader, { skip }: TestContext): RefreshTokenStore {
  return refreshTokens ?? skip('the target keeps no refresh tokens');
}
