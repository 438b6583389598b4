/** Programs of others against the simulator: what they make of its answers is what they make of WeChat's. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCliWorkspace } from '../support/cli-workspace.ts';
import { describeWithTool } from '../support/installed-tool.ts';
import type { ReadPlatform, ReadScenes, ScenesTask } from './client-task.ts';
import { type Client, coWechatApi, runClient, wechatpy, wxJava } from './installed-client.ts';
import { type RunningSimulate, startSimulate } from './running-simulate.ts';

const LIST = '/wxaapi/log/get_scene';

function describeClient(client: Client, what: string, suite: () => void): void {
  describeWithTool(`${client.source}, ${what}`, client, suite);
}

function first({ accounts, url }: RunningSimulate, tokens: ScenesTask['tokens']): ScenesTask {
  const [{ app_id: appId, app_secret: appSecret } = { app_id: '', app_secret: '' }] = accounts;
  return { what: 'scenes', url, appId, appSecret, tokens };
}

/** Gives the accounts lists that nobody knows beforehand, each its own name for scene 4. */
async function giveNames({ accounts, post }: RunningSimulate): Promise<readonly string[]> {
  await post('changes', { add: { key: 'own_scene', name: `场景 ${randomUUID()}` } });
  await post('changes', { remove: { key: 57 } });
  const names = accounts.map(() => `扫一扫 ${randomUUID()}`);
  for (const [index, name] of names.entries()) {
    await post('changes', { app_id: accounts[index]?.app_id, rename: { key: 4, name } });
  }
  return names;
}

type Names = Readonly<Record<string, string>>;

/** What scenedim stores of all accounts, by their own secrets: the name of each value, as JSON, by account. */
async function storedNames({ url, accounts }: RunningSimulate): Promise<Readonly<Record<string, Names>>> {
  const withSecrets = accounts.map(({ app_id }, index) => ({ appId: app_id, appSecret: { env: `SECRET_${index}` } }));
  const secrets = Object.fromEntries(accounts.map(({ app_secret }, index) => [`SECRET_${index}`, app_secret]));
  const sections = { source: { baseUrl: url, accounts: withSecrets }, target: { type: 'pglite' } };
  await using workspace = await createCliWorkspace(sections, secrets);
  await workspace.succeed(['sync']);
  const names: Record<string, Record<string, string>> = {};
  for (const line of (await workspace.succeed(['export', '--current'])).trim().split('\n')) {
    const { app_id, scene_key, scene_value, scene_name } = JSON.parse(line);
    names[app_id] = { ...names[app_id], [JSON.stringify(scene_value ?? scene_key)]: scene_name };
  }
  return names;
}

function namesOf({ scenes }: ReadScenes): Names {
  const names = Object.fromEntries(scenes.map(({ name, value }) => [JSON.stringify(value), name]));
  expect(Object.keys(names)).toHaveLength(scenes.length);
  return names;
}

async function readScenes(client: Client, task: ScenesTask): Promise<ReadScenes> {
  const answer = await runClient(client, task);
  if ('exception' in answer) throw new Error(`${client.source}: ${answer.exception} ${answer.code} ${answer.message}`);
  return answer;
}

const sdks = [
  [wechatpy, 'token', 'WeChatClientException', 'APILimitedException'],
  [coWechatApi, 'token', 'WeChatAPIError', 'WeChatAPIError'],
  [wxJava, 'token', 'WxErrorException', 'WxErrorException'],
  [wxJava, 'stable_token', 'WxErrorException', 'WxErrorException'],
] as const;

for (const [client, tokens, exception, quotaException] of sdks) {
  const tokenCall = `/cgi-bin/${tokens}`;

  describeClient(client, `with ${tokenCall}`, () => {
    test('reads the names that scenedim stores', async ({ annotate }) => {
      await using simulate = await startSimulate(['--accounts', '1']);
      const [name = ''] = await giveNames(simulate);
      const task = first(simulate, tokens);
      const answer = await readScenes(client, task);
      expect(await simulate.asked()).toMatchObject({ calls: [`${tokenCall} 0`, `${LIST} 0`], minted: { [tokens]: 1 } });
      const names = namesOf(answer);
      expect(names).toHaveProperty('4', name);
      expect(names).toEqual((await storedNames(simulate))[task.appId]);
      await annotate(`${answer.scenes.length} scenes, token of ${answer.token.length} characters, 4 = ${names['4']}`);
    });

    test('throws its own exception for a wrong secret', async ({ annotate }) => {
      await using simulate = await startSimulate(['--accounts', '1']);
      const appSecret = randomUUID().replaceAll('-', '');
      const answer = await runClient(client, { ...first(simulate, tokens), appSecret });
      expect(answer).toEqual({
        exception,
        code: 40125,
        message: expect.stringMatching(/invalid appsecret rid: [\da-f]{8}-/),
      });
      const { calls, minted } = await simulate.asked();
      expect(new Set(calls)).toEqual(new Set([`${tokenCall} 40125`]));
      expect(minted).toMatchObject({ [tokens]: 0 });
      await annotate(JSON.stringify(answer));
    });

    test('throws its own exception when the quota is used up', async ({ annotate }) => {
      await using simulate = await startSimulate(['--accounts', '1']);
      await simulate.post('faults', { fault: { name: 'quota_exceeded', endpoint: 'get_scene' } });
      const answer = await runClient(client, first(simulate, tokens));
      expect(answer).toEqual({ exception: quotaException, code: 45009, message: expect.stringMatching(/./) });
      await annotate(JSON.stringify(answer));
    });

    test('asks for a token anew when its own is refused', async () => {
      await using simulate = await startSimulate(['--accounts', '1']);
      const [name] = await giveNames(simulate);
      await simulate.post('faults', { fault: { name: 'token_invalid', endpoint: 'get_scene', times: 1 } });
      expect(namesOf(await readScenes(client, first(simulate, tokens)))).toHaveProperty('4', name);
      const calls = [`${tokenCall} 0`, `${LIST} 40001`, `${tokenCall} 0`, `${LIST} 0`];
      expect(await simulate.asked()).toMatchObject({ calls });
    });
  });
}

describeClient(wechatpy, 'as a platform', () => {
  const readPlatform = ({ url, platform }: RunningSimulate): Promise<ReadPlatform> => {
    if (platform === null) throw new Error('simulate says nothing of its platform');
    const { component_app_id: componentAppId, component_app_secret: componentAppSecret } = platform;
    const verifyTicket = platform.component_verify_ticket;
    return runClient(wechatpy, { what: 'platform', url, componentAppId, componentAppSecret, verifyTicket });
  };

  test('goes from the ticket to the scenes of every account', async ({ annotate }) => {
    await using simulate = await startSimulate(['--platform', 'wxplatform', '--accounts', '5']);
    const names = await giveNames(simulate);
    const appIds = simulate.accounts.map(({ app_id }) => app_id);
    const { total, accounts, refused } = await readPlatform(simulate);
    expect([total, accounts.map(({ appId }) => appId)]).toEqual([appIds.length, appIds]);
    expect(accounts.map((each) => namesOf(each)['4'])).toEqual(names);
    const refreshTokens = new Set(accounts.flatMap(({ listed, refreshed }) => [listed, refreshed]));
    expect(refreshTokens.size).toBe(2 * appIds.length);
    expect(refused).toMatchObject({ exception: 'WeChatClientException', code: 61023 });
    expect((await simulate.asked()).minted).toMatchObject({ component_token: 1, authorizer_token: appIds.length });
    const read = Object.fromEntries(accounts.map((each) => [each.appId, namesOf(each)]));
    expect(read).toEqual(await storedNames(simulate));
    await annotate(`${accounts.length} of ${total} accounts; ${JSON.stringify(refused)}`);
  });

  test('asks for tokens anew when its own are refused', async () => {
    await using simulate = await startSimulate(['--platform', 'wxplatform', '--accounts', '1']);
    const names = await giveNames(simulate);
    await simulate.post('faults', { fault: { name: 'token_invalid', endpoint: 'authorizer_list', times: 1 } });
    await simulate.post('faults', { fault: { name: 'token_expired', endpoint: 'get_scene', times: 1 } });
    const { accounts } = await readPlatform(simulate);
    expect(accounts.map((each) => namesOf(each)['4'])).toEqual(names);
    const { calls } = await simulate.asked();
    const component = '/cgi-bin/component/api_';
    expect(calls.slice(0, 8)).toEqual([
      `${component}component_token 0`,
      `${component}get_authorizer_list 40001`,
      `${component}component_token 0`,
      `${component}get_authorizer_list 0`,
      `${component}authorizer_token 0`,
      `${LIST} 42001`,
      `${component}authorizer_token 0`,
      `${LIST} 0`,
    ]);
  });
});
