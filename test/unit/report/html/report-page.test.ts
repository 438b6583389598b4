import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Version } from '../../../../src/dimension/version.ts';
import { BEGINNING, OPEN_END, requireInstant } from '../../../../src/instant.ts';
import { type ReportOptions, renderReport } from '../../../../src/report/html/report-page.ts';
import { createZonedTime } from '../../../../src/report/html/zoned-time.ts';

const at = (text: string) => requireInstant(text, '');
const lookedAt = at('2026-01-01T00:00:00Z');
const renamedAt = at('2026-02-01T16:00:00Z');

const common = {
  sceneId: 'x',
  appId: 'wx1',
  sceneKey: '4',
  sceneValue: 4n,
  valueKind: 'numeric',
  isAggregate: false,
} as const;
const renamed: readonly Version[] = [
  {
    ...{ ...common, versionId: 'a', sceneName: '<扫码>', firstObservedAt: lookedAt },
    ...{ effectiveFrom: BEGINNING, effectiveTo: renamedAt, endReason: 'renamed' },
  },
  {
    ...{ ...common, versionId: 'b', sceneName: '扫一扫', firstObservedAt: renamedAt },
    ...{ effectiveFrom: renamedAt, effectiveTo: OPEN_END, endReason: null },
  },
];
const other: Version = {
  ...{ ...common, versionId: 'c', sceneId: 'y', sceneKey: '9', sceneValue: 9n, sceneName: '附近' },
  ...{ effectiveFrom: BEGINNING, effectiveTo: OPEN_END, endReason: null, firstObservedAt: lookedAt },
};
const account = { appId: 'wx1', state: 'ok', lastOkAt: renamedAt, lastAttemptAt: renamedAt, problems: [] };

async function pageOf(versions: readonly Version[], more: Partial<ReportOptions> = {}): Promise<string> {
  const pieces = renderReport({
    now: at('2026-03-01T00:00:00Z'),
    since: at('2026-01-30T00:00:00Z'),
    zone: createZonedTime('Asia/Shanghai'),
    accounts: [account],
    versions: (async function* () {
      yield* versions;
    })(),
    accessSources: [],
    changedOnly: false,
    programVersion: '1.2.3',
    ...more,
  });
  return (await Array.fromAsync(pieces)).join('');
}

/** The page from its body on, without its script. */
const bodyOf = (page: string) => page.slice(page.indexOf('<body>')).replace(/<script>[\s\S]*?<\/script>\n/, '');
const rowsOf = (page: string) => bodyOf(page).match(/<tr>(?!<th scope="col").*<\/tr>/g) ?? [];

test('a target without an account says that there is nothing yet, and what to do', async () => {
  expect(bodyOf(await pageOf([], { accounts: [] }))).toBe(`<body><a class="skip" href="#main">Skip to the content</a>
<header><h1>Scenes of WeChat mini programs</h1>
<p>Made <time>2026-03-01 08:00</time> by scenedim 1.2.3. All times are those of Asia/Shanghai.</p>
<nav aria-label="Parts of this page"><ul class="facts"><li><b>0</b> scenes in force</li><li><b>0</b> changed since 2026-01-30</li><li><b>0</b> accounts</li><li><b>0</b> with a problem</li><li><b>0</b> differ from the list</li></ul></nav></header>
<main id="main" tabindex="-1">
<section><h2>There is nothing to show yet</h2>
<p>No answer is stored. <code>scenedim sync</code> fetches the scenes of the accounts in the config; then make this page again.</p></section>
</main>
<script type="application/json" id="data">{"appIds":[],"accountSets":[],"rows":[]}</script>
</body></html>
`);
});

test('a scene has a row with its name, its history in words and a bar for each version', async () => {
  const page = await pageOf([...renamed, other]);
  expect(rowsOf(page)).toEqual([
    '<tr><th scope="row">4</th><td><bdi lang="zh">扫一扫</bdi><details><summary>2 versions</summary><ol>' +
      '<li><bdi lang="zh">&lt;扫码&gt;</bdi> <span class="when">beginning to <time>2026-02-02 00:00</time>, renamed</span></li>' +
      '<li><bdi lang="zh">扫一扫</bdi> <span class="when"><time>2026-02-02 00:00</time> to now</span></li></ol></details></td>' +
      '<td><time>2026-02-02 00:00</time></td><td><div class="bars" aria-hidden="true">' +
      '<span class="f0 t563 old renamed"><bdi lang="zh">&lt;扫码&gt;</bdi></span>' +
      '<span class="f563 t1000 open"><bdi lang="zh">扫一扫</bdi></span></div></td></tr>',
    '<tr><th scope="row">9</th><td><bdi lang="zh">附近</bdi></td><td>beginning</td>' +
      '<td><div class="bars" aria-hidden="true"><span class="f0 t1000 old open"></span></div></td></tr>',
    '<tr><td><time>2026-02-02 00:00</time></td><th scope="row">4</th><td>renamed</td>' +
      '<td><bdi lang="zh">&lt;扫码&gt;</bdi></td><td><bdi lang="zh">扫一扫</bdi></td></tr>',
    '<tr><th scope="row"><code>wx1</code></th><td>ok</td><td><time>2026-02-02 00:00</time> <span class="when">27 d 8 h ago</span></td>' +
      '<td><time>2026-02-02 00:00</time> <span class="when">27 d 8 h ago</span></td><td></td></tr>',
    '<tr><th scope="row">4</th><td>not listed</td><td></td><td><bdi lang="zh">扫一扫</bdi></td></tr>',
    '<tr><th scope="row">9</th><td>not listed</td><td></td><td><bdi lang="zh">附近</bdi></td></tr>',
  ]);
  expect(page).toContain('\n.f563{left:56.3%}\n');
  expect(page).toContain('\n.t563{right:43.7%}\n');
});

test('a version that began just now has a bar that is seen', async () => {
  const now = renamedAt + 1_000_000n;
  const [row = ''] = rowsOf(await pageOf(renamed, { now }));
  expect(row.match(/<span class="f\d+ t\d+/g)).toEqual(['<span class="f0 t1000', '<span class="f994 t1000']);
});

test('with several accounts a row says of which it is', async () => {
  const accounts = Array.from({ length: 23 }, (_, n) => ({ ...account, appId: `wx${n}` }));
  const versions = accounts.map(({ appId }, n) => ({ ...other, appId, sceneName: n === 7 ? '远' : '附近' }));
  const cells = rowsOf(await pageOf(versions, { accounts }))
    .slice(0, 2)
    .map((row) => /<td>(?:<details>|<code>).*?<\/td>/.exec(row)?.[0]);
  const listed = accounts
    .filter((_, n) => n !== 7)
    .slice(0, 20)
    .map(({ appId }) => `<li><code>${appId}</code></li>`);
  expect(cells).toEqual([
    `<td><details><summary>22 accounts</summary><ul>${listed.join('')}<li>and 2 more</li></ul></details></td>`,
    '<td><code>wx7</code></td>',
  ]);
});

test('with changedOnly the scenes that never changed are left out, and counted', async () => {
  const page = await pageOf([...renamed, other], { changedOnly: true });
  expect(
    rowsOf(page)
      .filter((row) => row.includes('bars'))
      .map((row) => /<th.*?<\/th>/.exec(row)?.[0]),
  ).toEqual(['<th scope="row">4</th>']);
  expect(page).toContain('1 that never changed are left out.');
});

test('notes and problems are text', async () => {
  const problems = [{ what: '<b>48001</b>', remedy: 'ask & wait' }];
  const page = await pageOf(renamed, { accounts: [{ ...account, problems }], noteOf: () => '<i>why</i>' });
  expect(page).toContain('<th scope="col">Note</th>');
  expect(page).toContain('<td>&lt;i&gt;why&lt;/i&gt;</td></tr>');
  expect(page).toContain('<p>&lt;b&gt;48001&lt;/b&gt;<br><span class="when">What to do: ask &amp; wait</span></p>');
});

test('lists that nobody would read are cut, and say so', async () => {
  const versions = Array.from({ length: 1_001 }, (_, n) => ({ ...other, sceneKey: String(n), sceneId: String(n) }));
  const page = await pageOf(versions);
  expect(rowsOf(page)).toHaveLength(1_001 + 1 + 1_000);
  expect(page).toContain('Left out here: 1 row. The view scene_drift has all.');
});

test('the policy names the style and the script of the page, and nothing that comes from elsewhere', async () => {
  const page = await pageOf([...renamed, other]);
  const hashOf = (element: string) => {
    const text = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`).exec(page)?.[1] ?? '';
    return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  };
  const policy = /content="(default-src.*?)"/.exec(page)?.[1]?.replaceAll('&#39;', "'");
  expect(policy).toBe(
    `default-src 'none'; style-src ${hashOf('style')}; script-src ${hashOf('script')}; img-src data:; base-uri 'none'; form-action 'none'`,
  );
  expect(page.match(/<\/script/g)).toHaveLength(2);
  expect(page).not.toMatch(/https?:|style="/);
});
