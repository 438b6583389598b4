/** `report` as a command on a database in a directory. */
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../src/commands/run-cli.ts';
import { copyPglite } from '../support/prepared-pglite.ts';

let directory: Awaited<ReturnType<typeof mkdtempDisposable>>;

beforeAll(async () => {
  directory = await mkdtempDisposable(join(tmpdir(), 'report-'));
  await copyPglite(join(directory.path, 'data'));
  await writeFile(join(directory.path, 'scenedim.yaml'), 'target: { type: pglite, path: ./data }\n');
  expect(await run(['migrate'])).toMatchObject({ code: 0 });
});
afterAll(() => directory[Symbol.asyncDispose]());

async function run(args: readonly string[], isTTY = false) {
  const stdin = new PassThrough().end();
  const [stdout, stderr] = [Object.assign(new PassThrough(), { isTTY }), new PassThrough()];
  const host = {
    argv: ['node', 'scenedim', ...args],
    env: {},
    stdin,
    stdout,
    stderr,
    cwd: () => directory.path,
    on: () => {},
  };
  const texts = [stdout, stderr].map(async (stream) => (await Array.fromAsync(stream)).join(''));
  const code = await runCli(host, () => {});
  stdout.end();
  stderr.end();
  const [out = '', err = ''] = await Promise.all(texts);
  return { code, out, err: stripVTControlCharacters(err) };
}

const day = 86_400_000;
const answer = (appId: string, daysAgo: number, body: object): string => {
  const observedAt = new Date(Date.now() - daysAgo * day).toISOString();
  return `${JSON.stringify({ app_id: appId, observed_at: observedAt, body })}\n`;
};
const scenes = (...names: readonly string[]) => ({ scene: names.map((name, index) => ({ name, value: index + 1 })) });

test('of a target without an answer, it says that there is nothing yet', async () => {
  const { code, out } = await run(['report']);
  expect([code, out.match(/<h2.*?<\/h2>/g)]).toEqual([0, ['<h2>There is nothing to show yet</h2>']]);
});

test('is no text for a terminal, and goes to a file', async () => {
  const refused = await run(['report'], true);
  expect([refused.code, refused.out]).toEqual([64, '']);
  expect(refused.err).toContain('write it to a file with --output scenes.html, and open that in a browser');
  expect(await run(['report', '--output', 'scenes.html', '--quiet'], true)).toEqual({ code: 0, out: '', err: '' });
  expect(await readFile(join(directory.path, 'scenes.html'), 'utf8')).toMatch(/^<!DOCTYPE html>[\s\S]*<\/html>\n$/);
});

test('--since takes a duration or a time, and nothing else', async () => {
  const refused = await run(['report', '--since', '2026-03-01']);
  expect([refused.code, refused.out]).toEqual([64, '']);
  expect(refused.err).toContain('like 2026-03-01T00:00:00+08:00');
  expect((await run(['report', '--since', '2026-03-01T00:00:00+08:00'])).out).toContain('changed since 2026-03-01');
  expect((await run(['report', '--since', '7d'])).code).toBe(0);
});

test('tells changes, problems and drift of the accounts that are asked for', async () => {
  const eight = ['一', '二', '三', '四', '五', '六', '七', '八'];
  const log = [
    answer('wx1', 60, scenes('小程序历史列表', '搜索')),
    answer('wx1', 40, scenes('小程序历史列表', '搜一搜')),
    answer('wx1', 5, scenes('小程序历史列表', '搜索')),
    answer('wx2', 60, scenes(...eight)),
    answer('wx2', 2, scenes('一')),
    answer('wx3', 1, { errcode: 48001, errmsg: 'api unauthorized rid: 1-2-3' }),
  ];
  await writeFile(join(directory.path, 'log.ndjson'), log.join(''));
  expect((await run(['replay', 'log.ndjson'])).code).toBe(65);
  const sectionOf = (page: string, id: string) => {
    const section = new RegExp(`<section id="${id}"[\\s\\S]*?</section>`).exec(page)?.[0] ?? '';
    return section.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  };

  const { out } = await run(['report']);
  expect(sectionOf(out, 'changes')).toMatch(/2 renamed 搜一搜 搜索 wx1 $/);
  const accounts = sectionOf(out, 'accounts');
  expect(accounts).toMatch(
    /wx2 held .* would remove 7 of 8 scenes, .* if its newest answer is right: scenedim accept --app-id wx2/,
  );
  expect(accounts).toMatch(/wx3 failed never .* 48001: .*rid: 1-2-3/);
  expect(sectionOf(out, 'drift')).toContain('Of the scenes of all accounts 2 are as listed, 8 have another name,');

  const one = await run(['report', '--app-id', 'wx1', '--since', '50d', '--changed-only']);
  expect(sectionOf(one.out, 'changes')).toMatch(/2 renamed 搜一搜 搜索 .* 2 renamed 搜索 搜一搜 $/);
  expect(one.out).not.toMatch(/wx[23]/);
  expect((await run(['report', '--app-id', 'wx9'])).err).toContain('not known here: account wx9');
  expect(one.out).toContain('1 that never changed are left out.');
});

test('shows the note of the decision beside what it changed', async () => {
  expect((await run(['accept', '--app-id', 'wx2', '--note', 'a <new> app'])).code).toBe(0);
  const { out } = await run(['report', '--app-id', 'wx2']);
  expect(out).toMatch(
    /<th scope="row">8<\/th><td>removed<\/td><td><bdi lang="zh">八<\/bdi><\/td><td><\/td><td>a &lt;new&gt; app<\/td>/,
  );
});
