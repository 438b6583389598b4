/** The library as its users see it: one import, every target and source behind it. */
import { expect, test } from 'vitest';
import { configSchema } from '../../src/config/config-schema.ts';
import {
  accept,
  createLoader,
  createRedactor,
  createRunContext,
  createWechatSource,
  exportLog,
  exportVersions,
  formatInstant,
  hold,
  isScenedimError,
  parseInstant,
  planReplay,
  planSync,
  rebuild,
  replay,
  startSimulator,
  sync,
  systemClock,
  verify,
} from '../../src/index.ts';

const account = { appId: 'wx0123456789abcdef' };
const { signal } = new AbortController();

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(chunks)).join('');
}

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}

test('fetches, plans, decides, proves and moves a dimension', async () => {
  await using wechat = await startSimulator();
  await using loader = await createLoader({ type: 'memory' });
  const redactor = createRedactor();
  await using source = createWechatSource({ clock: systemClock, baseUrl: wechat.url, redactor });
  const context = createRunContext({ loader, redact: redactor.redact, holdsSecret: redactor.holdsSecret });
  const credentials = { appSecret: async () => wechat.appSecret(account.appId) };
  const options = { source, accounts: [{ ...account, credentials }] };

  const planned = await planSync(context, options);
  const synced = await sync(context, options);
  expect([planned.report.versions, synced.exitCode, synced.error]).toEqual([synced.report.versions, 0, null]);
  expect(synced.report.versions).toEqual({ opened: 58, closed: 0, rewritten: 0, removed: 0 });

  const log = await textOf(exportLog(loader, signal));
  const observedAt = parseInstant((JSON.parse(log) as { observed_at: string }).observed_at) ?? 0n;
  const held = await hold(context, { ...account, observedAt });
  const accepted = await accept(context, { ...account, observedAt: null });
  expect([held.decided, accepted.decided]).toEqual([[formatInstant(observedAt)], [formatInstant(observedAt)]]);
  expect(await rebuild(context)).toMatchObject({ exitCode: 0, report: { outcome: 'nothing_changed' } });
  expect(await verify(context)).toMatchObject({ outcome: 'ok', versions: 58 });

  await using other = await createLoader({ type: 'memory' });
  const elsewhere = createRunContext({ loader: other });
  const moved = await textOf(exportLog(loader, signal));
  const input = () => ({ input: bytesOf(moved), name: 'log' });
  expect(await planReplay(elsewhere, input())).toMatchObject({ report: { versions: { opened: 58 } } });
  await replay(elsewhere, input());
  const all = { format: 'ndjson', asOf: null, currentOnly: false } as const;
  expect(await textOf(exportVersions(other, all, signal))).toBe(await textOf(exportVersions(loader, all, signal)));
  const pieces: readonly Uint8Array[] = await Array.fromAsync(
    exportVersions(other, { ...all, format: 'parquet' }, signal),
  );
  expect(Buffer.concat(pieces).subarray(0, 4).toString()).toBe('PAR1');
});

test('starts from the defaults of the config file', () => {
  const { dimension, guards, target } = configSchema.parse({ target: { type: 'pglite' } });
  const { lockTimeoutMs, ...context } = createRunContext({ loader: {} as Awaited<ReturnType<typeof createLoader>> });
  expect({ ...context, lockTimeoutMs }).toMatchObject({
    dimension,
    guards,
    autoMigrate: target.autoMigrate,
    lockTimeoutMs: 0,
  });
});

test('throws errors that name their code, exit status and remedy', async () => {
  const error = await createLoader({ type: 'no-such-loader' }).catch((caught: unknown) => caught);
  expect(isScenedimError(error, 'config_invalid') && [error.exitCode, error.retryable, error.remedy]).toEqual([
    78,
    false,
    'use pglite, postgres, bigquery, or install the package beside the config',
  ]);
});
