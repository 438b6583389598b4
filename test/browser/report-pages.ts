/** The pages that the suite looks at: a small one of everything that is hard, made by the program, and large ones. */
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readAccessSources } from '../../src/catalog/bundled-tables.ts';
import type { Version } from '../../src/dimension/version.ts';
import { BEGINNING, OPEN_END, requireInstant } from '../../src/instant.ts';
import { renderReport } from '../../src/report/html/report-page.ts';
import { createZonedTime } from '../../src/report/html/zoned-time.ts';
import { type CliWorkspace, createCliWorkspace } from '../support/cli-workspace.ts';
import { copyPglite } from '../support/prepared-pglite.ts';

/** Names that are no markup, by their keys. */
export const hostileNames: Readonly<Record<string, string>> = {
  900: '</script><script>alert(1)</script>',
  901: '<img src=x onerror=alert(1)>',
  902: `"'\`&amp; \\u003c`,
  903: '\u202egnp.零\u200b宽',
  904: '长'.repeat(8192),
  905: '这是一个超过二十四个字符的很长很长的场景名称用来看看',
};

const DAY = 86_400_000;

/** Makes the small page in a workspace; resolves with its file. */
export async function makeSmallPage(): Promise<{ readonly workspace: CliWorkspace; readonly file: string }> {
  const workspace = await createCliWorkspace({ target: { type: 'pglite', path: './data' } });
  await copyPglite(join(workspace.directory, 'data'));
  const line = (appId: string, daysAgo: number, body: object) =>
    JSON.stringify({ app_id: appId, observed_at: new Date(Date.now() - daysAgo * DAY).toISOString(), body });
  const answer = (names: Readonly<Record<string, string>>) => ({
    scene: Object.entries(names).map(([key, name]) => ({ name, value: /^\d+$/.test(key) ? Number(key) : key })),
  });
  const bundled = readAccessSources().filter(({ origin }) => origin === 'official');
  const usual = Object.fromEntries(
    bundled.map(({ accessSourceKey, accessSourceName }) => [accessSourceKey, accessSourceName]),
  );
  const { 39: _, ...without39 } = usual;
  const log = [
    ...['wx1', 'wx2'].map((app) => line(app, 100, answer(usual))),
    line('wx1', 60, answer({ ...without39, 4: '新名字' })),
    line('wx1', 20, answer({ ...without39, 4: '新名字', ...hostileNames, '</td>': '键' })),
    line('wx2', 1, { errcode: 48001, errmsg: 'api unauthorized rid: 1-2-3' }),
  ];
  await workspace.succeed(['replay', '-'], `${log.join('\n')}\n`);
  await workspace.succeed(['report', '--output', 'report.html']);
  return { workspace, file: join(workspace.directory, 'report.html') };
}

/** Writes a page of so many accounts; `nameOf` gives a scene's name, by account and key. */
export async function writeLargePage(
  file: string,
  accounts: number,
  keys: number,
  nameOf: (account: number, key: number) => string,
): Promise<void> {
  const now = requireInstant('2026-06-01T00:00:00Z', '');
  const lookedAt = requireInstant('2026-01-01T00:00:00Z', '');
  const appIdOf = (account: number) => `wx${String(account).padStart(16, '0')}`;
  const pieces = renderReport({
    ...{ now, since: lookedAt, changedOnly: false, programVersion: '0.0.0', accessSources: readAccessSources() },
    zone: createZonedTime('Asia/Shanghai'),
    accounts: Array.from({ length: accounts }, (_, account) => {
      return { appId: appIdOf(account), state: 'ok', lastOkAt: now, lastAttemptAt: now, problems: [] };
    }),
    versions: (async function* () {
      for (let account = 0; account < accounts; account += 1) {
        yield* versionsOf(appIdOf(account), keys, lookedAt, (key) => nameOf(account, key));
      }
    })(),
  });
  await pipeline(Readable.from(pieces), createWriteStream(file));
}

/** Every tenth scene was renamed, each on a day of its own. */
function* versionsOf(
  appId: string,
  keys: number,
  lookedAt: bigint,
  nameOf: (key: number) => string,
): Generator<Version> {
  for (let key = 1; key <= keys; key += 1) {
    const common = {
      ...{ sceneId: `${appId}/${key}`, appId, sceneKey: String(key), sceneValue: BigInt(key) },
      ...({ valueKind: 'numeric', isAggregate: false } as const),
    };
    const renamedAt = lookedAt + BigInt((key % 100) + 1) * BigInt(DAY) * 1000n;
    const isRenamed = key % 10 === 0;
    if (isRenamed) {
      yield {
        ...{ ...common, versionId: `${appId}/${key}/0`, sceneName: `旧 ${nameOf(key)}`, firstObservedAt: lookedAt },
        ...{ effectiveFrom: BEGINNING, effectiveTo: renamedAt, endReason: 'renamed' },
      };
    }
    yield {
      ...{ ...common, versionId: `${appId}/${key}/1`, sceneName: nameOf(key) },
      ...{ effectiveFrom: isRenamed ? renamedAt : BEGINNING, effectiveTo: OPEN_END, endReason: null },
      firstObservedAt: isRenamed ? renamedAt : lookedAt,
    };
  }
}
