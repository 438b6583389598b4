import { expect, test } from 'vitest';
import type { Session } from '../../../../src/commands/session/session.ts';
import { type SyncFlags, syncOptionsOf } from '../../../../src/commands/source/sync-options.ts';
import type { Config } from '../../../../src/config/load-config.ts';
import type { WechatSource } from '../../../../src/extract/wechat-source.ts';
import { createMemoryLoader } from '../../../../src/load/memory/memory-loader.ts';
import { createMemoryTarget } from '../../../../src/load/memory/memory-target.ts';
import type { Progress } from '../../../../src/pipeline/run/run-context.ts';
import { sync } from '../../../../src/pipeline/sync.ts';
import { contextFor } from '../../../support/run-case.ts';

const accounts = Array.from({ length: 40 }, (_, n) => ({ appId: `wx${n}`, accessToken: { env: 'TOKEN' } }));
const config = { source: { accounts, concurrency: 1 }, file: 'scenedim.yaml', baseDirectory: '/' } as unknown as Config;
const { signal } = new AbortController();
const body = new TextEncoder().encode('{"scene":[]}');
const source = {
  fetchScenes: async ({ appId }: { readonly appId: string }) => {
    return { kind: 'answer' as const, appId, observedAt: BigInt(Date.now()) * 1000n, body };
  },
  async [Symbol.asyncDispose]() {},
} as unknown as WechatSource;

test.each<[string, SyncFlags, Readonly<Record<string, string>>]>([
  ['all', {}, {}],
  ['a shard', { shard: { index: 1, count: 3 } }, {}],
  ['a shard of an indexed job', {}, { JOB_COMPLETION_INDEX: '2', SHARD_COUNT: '3' }],
  ['one account in a shard', { appId: ['wx1'], shard: { index: 0, count: 1 } }, {}],
  ['one account in another shard', { appId: ['wx1'], shard: { index: 0, count: 5_000 } }, {}],
])('the progress of %s ends at its own total', async (_what, flags, environment) => {
  const session = { signal, environment } as unknown as Session;
  await using loader = createMemoryLoader(createMemoryTarget());
  const seen: Progress[] = [];
  const context = { ...contextFor(loader, { dimension: {}, guards: {} }), onProgress: (at: Progress) => seen.push(at) };
  const options = await syncOptionsOf(session, config, flags, { source, context });
  const { report } = await sync(context, options);
  expect(options.accountTotal).toBe(report.accounts.selected);
  expect(seen.map(({ done }) => done)).toEqual(Array.from({ length: report.accounts.selected }, (_, n) => n + 1));
  expect(seen.every(({ total }) => total === report.accounts.selected)).toBe(true);
});
