/** Who has no recent answer: told by check, and by the exit status of status for whoever monitors. */
import { describe, expect, test } from 'vitest';
import { appId, createRemedyStage, otherAppId, type RemedyStage } from '../support/remedy-stage.ts';

const DAY_MS = 86_400_000;
const source = (...accounts: readonly object[]) => ({ config: { source: { baseUrl: '${URL}', accounts } } });
const listed = { appId, accessToken: { env: 'TOKEN' } };
const other = { appId: otherAppId, accessToken: { env: 'OTHER' } };
const ago = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
const answer = (id: string, days: number, body: object) => JSON.stringify({ app_id: id, observed_at: ago(days), body });
const list = { errcode: 0, scene: [{ name: '二维码', value: 4 }] };

async function replayed(stage: RemedyStage, ...lines: readonly string[]): Promise<void> {
  await stage.prepare({ files: { 'log.ndjson': `${lines.join('\n')}\n` } });
  expect((await stage.run(['replay', 'log.ndjson'])).code).toBe(0);
}

describe('an account', () => {
  test('without an ok answer for long ends status --fail-stale with 75, until it is asked', async () => {
    await using stage = await createRemedyStage();
    await replayed(stage, answer(appId, 3, list));
    expect((await stage.run(['status'])).code).toBe(0);
    expect((await stage.run(['status', '--fail-stale', '4d'])).code).toBe(0);
    const { code, stderr } = await stage.run(['status', '--fail-stale', '2d']);
    expect([code, stderr]).toEqual([75, expect.stringContaining(`without an ok answer for 2 d: ${appId}\n`)]);
    expect(stderr).toContain('remedy: scenedim sync asks them; scenedim check tells more\n');
    const json = await stage.run(['status', '--fail-stale', '2d', '--json']);
    expect([json.code, JSON.parse(json.stdout)]).toMatchObject([75, { accounts_total: 1 }]);
    expect(await stage.problems()).toEqual([]);
    expect((await stage.run(['status', '--fail-stale', '2d'])).code).toBe(0);
  });

  test('that never answered is stale, one that is not listed any more is not', async () => {
    await using stage = await createRemedyStage();
    await replayed(stage, answer('wxgone', 9, list), answer(appId, 1, list));
    await stage.prepare(source(listed, other));
    const { code, stderr } = await stage.run(['status', '--fail-stale', '2d']);
    expect([code, stderr]).toEqual([75, expect.stringContaining(`for 2 d: ${otherAppId}\n`)]);
    expect((await stage.run(['status', '--fail-stale', '2d', '--app-id', appId])).code).toBe(0);
    const check = (await stage.run(['check'])).stdout;
    expect(check).toMatch(
      new RegExp(`warning +freshness +${otherAppId}: it never gave an ok answer\n +remedy: run scenedim sync\n`),
    );
    expect(check).not.toContain('wxgone');
    expect(await stage.problems()).toEqual([]);
    expect((await stage.run(['check'])).stdout).not.toContain('freshness');
  });

  test('of which WeChat says that it has no list has answered, a failed one has not', async () => {
    await using stage = await createRemedyStage();
    const said = (errcode: number) => answer(appId, 1, { errcode, errmsg: 'x' });
    await replayed(stage, answer(appId, 9, list), said(48001));
    expect((await stage.run(['status', '--fail-stale', '2d'])).code).toBe(0);
    await replayed(stage, answer(otherAppId, 9, list), said(-1).replace(appId, otherAppId));
    await stage.prepare(source(listed, other));
    expect((await stage.run(['status', '--fail-stale', '2d'])).stderr).toContain(`for 2 d: ${otherAppId}\n`);
    const check = (await stage.run(['check', '--stale-after', '2d'])).stdout;
    expect(check).toMatch(new RegExp(`newest attempt +${otherAppId}: failed at .*; its last ok answer is of`));
    expect(check, 'one line for one account').not.toContain('freshness');
    expect(check).toMatch(new RegExp(`newest attempt +${appId}: failed at .*48001.*no right to use this API\\)\n`));
    expect((await stage.run(['check', '--stale-after', '10d'])).stdout).not.toContain('its last ok answer');
  });
});
