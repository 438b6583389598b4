/** Each remedy for where credentials and lists of accounts come from: a sync says it, and works once it is followed. */
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appId, createRemedyStage, followRemedy, type Situation, type Trouble } from '../../support/remedy-stage.ts';

const source = (more: object) => ({ source: { baseUrl: '${URL}', ...more } });
const token = (reference: unknown) => ({ config: source({ accounts: [{ appId, accessToken: reference }] }) });
const listed = { accessToken: { env: 'TOKEN' }, accounts: { file: 'accounts.csv' } };
const pglite = { target: { type: 'pglite', path: './scene' } };
const query = (statement: string, more: object = {}) => ({
  config: { ...pglite, ...source({ accessToken: { env: 'TOKEN' }, accounts: { query: statement, ...more } }) },
});

const lists: Readonly<Record<string, Trouble>> = {
  'accounts without a credential': {
    fault: { config: source({ accounts: [{ appId }] }) },
    says: 'source.accounts[0]: needs exactly one of accessToken and appSecret',
    remedy: 'or give all accounts one, as source.accessToken or source.appSecret',
    cure: { config: source({ accessToken: { env: 'TOKEN' }, accounts: [{ appId }] }) },
  },
  'patterns that leave no account': {
    fault: {
      config: source({ ...listed, accounts: { file: 'accounts.csv', include: ['xw*'] } }),
      files: { 'accounts.csv': `app_id\n${appId}\n` },
    },
    says: 'source.accounts: include and exclude leave no account',
    remedy: 'correct the patterns; * stands for any characters',
    cure: { config: source({ ...listed, accounts: { file: 'accounts.csv', include: ['wx*'] } }) },
  },
  'a list whose rows are no objects': {
    fault: { config: source(listed), files: { 'accounts.csv': `{"app_id":"${appId}"}\n"wx2"\n` } },
    says: 'accounts.csv:2: the line is no object',
    remedy: 'write one JSON object a line, or a CSV file with a header',
    cure: { files: { 'accounts.csv': `{"app_id":"${appId}"}\n` } },
  },
  'a list with an app id that is a number': {
    fault: { config: source(listed), files: { 'accounts.csv': '{"app_id":1}\n' } },
    says: 'accounts.csv:1: app_id must be a text',
    remedy: 'put it into quotation marks',
    cure: { files: { 'accounts.csv': `{"app_id":"${appId}"}\n` } },
  },
  'a query of a target that takes no SQL': {
    fault: { config: source({ accessToken: { env: 'TOKEN' }, accounts: { query: 'select 1' } }) },
    says: 'takes no SQL',
    remedy: 'list the accounts in a file: accounts: { file: accounts.csv }',
    cure: { config: source(listed), files: { 'accounts.csv': `app_id\n${appId}\n` } },
  },
};

describe('a remedy for a list of accounts works:', () => {
  test.each(Object.entries(lists))('%s', (_, trouble) => followRemedy(trouble));

  test('a query that is refused, or gives no accounts', async () => {
    await using stage = await createRemedyStage();
    const byHand = 'try the statement by hand, as the user of the target';
    for (const [fault, says, remedy] of [
      [
        { config: { ...pglite, ...source({ accounts: { query: `select '${appId}'` } }) } },
        'its accounts have no credential',
        'give all of them one: source.accessToken or source.appSecret',
      ],
      [query('select app_id from merchant'), 'relation "merchant" does not exist', byHand],
      [query('create table merchant (app_id text)'), 'cannot execute CREATE TABLE in a read-only transaction', byHand],
      [query('select 1 where false'), 'it gives no account', byHand],
      [query('select null'), 'an app id must be 1 to 128', 'let its first column give the app ids alone'],
    ] as const) {
      await stage.prepare(fault);
      const { code, stderr } = await stage.run();
      expect([code, stderr]).toEqual([78, expect.stringContaining(`source.accounts.query: ${says}`)]);
      expect(stderr).toContain(`remedy: ${remedy}\n`);
    }
    await stage.prepare(
      query(`select '${appId}' union all select 'wx' || n from generate_series(1, 9) as n`, { include: ['wx01*'] }),
    );
    expect(await stage.problems()).toEqual([]);
  });
});

const script = (text: string) => ({ 'token.sh': `#!/bin/sh\n${text}\n` });
const byHand = 'run it by hand to see what it says: that is not told here, because it may hold the secret';

describe('a remedy for a credential works:', () => {
  test.each<[string, Situation, string, Situation]>([
    [
      'a program that is not there',
      token({ command: ['./nowhere.sh'] }),
      'correct its path, or install it where PATH finds it',
      { ...token({ command: ['sh', 'token.sh'] }), files: script('echo "$TOKEN"') },
    ],
    [
      'a program that fails',
      { ...token({ command: ['sh', 'token.sh'] }), files: script('exit 3') },
      byHand,
      { files: script('echo "$TOKEN"') },
    ],
    [
      'a program that says too much',
      { ...token({ command: ['sh', 'token.sh'] }), files: script('head -c 2000000 /dev/zero | tr "\\0" x') },
      'let it print the secret alone',
      { files: script('echo "$TOKEN"') },
    ],
    [
      'a program that takes too long',
      { ...token({ command: ['sh', 'token.sh'], timeout: '500ms' }), files: script('sleep 1; echo "$TOKEN"') },
      'see why it takes so long, or give it more time: timeout: 30s',
      token({ command: ['sh', 'token.sh'], timeout: '30s' }),
    ],
    [
      'a variable whose member is empty',
      { ...token({ env: 'JSON', pointer: '/token' }), env: { JSON: '{"token":""}' } },
      'set JSON for the process that runs scenedim',
      { env: { JSON: '{"token":"TOKEN"}' } },
    ],
    [
      'a file that is empty',
      { ...token({ file: 'token.txt' }), files: { 'token.txt': '' } },
      'put the secret there',
      { files: { 'token.txt': 'TOKEN' } },
    ],
    [
      'a pointer to nothing',
      { ...token({ env: 'JSON', pointer: '/access_token' }), env: { JSON: '{"data":{"access_token":"TOKEN"}}' } },
      'look at what it holds, and correct pointer',
      token({ env: 'JSON', pointer: '/data/access_token' }),
    ],
    [
      'a header with a line end',
      { ...token({ url: '${BROKER}/token', headers: { 'X-Key': { env: 'KEY' } } }), env: { KEY: 'of\nbroker' } },
      'correct its value',
      { env: { KEY: 'of broker' } },
    ],
    [
      'a broker that refuses',
      { ...token({ url: '${BROKER}/token' }), env: { KEY: 'of broker' } },
      'correct the url or the headers of this secret',
      token({ url: '${BROKER}/token', headers: { 'X-Key': { env: 'KEY' } } }),
    ],
  ])('%s', async (_, fault, remedy, cure) => {
    await using stage = await createRemedyStage();
    const right = stage.simulator.accessToken(appId);
    await using broker = await startBroker(right);
    const filled = ({ files = {}, env = {}, ...rest }: Situation) => {
      const fill = (text: unknown) =>
        String(text)
          .replace('TOKEN"}', `${right}"}`)
          .replace(/^TOKEN$/, right);
      const all = (texts: object) =>
        Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, fill(text)]));
      return { ...rest, files: all(files), env: { ...all(env), BROKER: broker.url } };
    };
    await stage.prepare(filled(fault));
    expect((await stage.run(['sync', '--json'])).stdout).toContain(remedy);
    expect((await stage.run(['check'])).stdout).toContain(remedy);
    await stage.prepare(filled({ config: fault.config ?? {}, ...cure }));
    expect(await stage.problems()).toEqual([]);
  });

  test('a program that may not be executed', async () => {
    await using stage = await createRemedyStage();
    await stage.prepare({ ...token({ command: ['./token.sh'] }), files: script('echo "$TOKEN"') });
    expect(await stage.problems()).toMatchObject([{ remedy: 'make it executable: chmod +x' }]);
    await chmod(join(stage.directory, 'token.sh'), 0o755);
    expect(await stage.problems()).toEqual([]);
  });

  test('a broker that is down', async () => {
    await using stage = await createRemedyStage();
    const broker = await startBroker(stage.simulator.accessToken(appId));
    const { port, host } = new URL(broker.url);
    await broker[Symbol.asyncDispose]();
    await stage.prepare({ ...token({ url: `${broker.url}/token`, headers: { 'X-Key': 'of broker' } }) });
    const remedy = `see that ${host} is up and can be reached from here, then run again`;
    expect((await stage.run(['sync'])).code).toBe(69);
    expect(await stage.problems()).toMatchObject([{ code: 'credentials_unreachable', remedy }]);
    await using _again = await startBroker(stage.simulator.accessToken(appId), Number(port));
    expect(await stage.problems()).toEqual([]);
  });

  test('nothing of a credential is told, whatever becomes of it', async () => {
    await using stage = await createRemedyStage();
    const secret = stage.simulator.accessToken(appId);
    await using broker = await startBroker(secret);
    const url = `${broker.url}/token?key=in-the-url`;
    for (const headers of [{ 'X-Key': { env: 'KEY' } }, { 'X-Key': { env: 'OTHER' } }]) {
      await stage.prepare({ ...token({ url, headers }), env: { KEY: 'of broker', OTHER: 'of nobody' } });
      for (const command of [['sync'], ['check']]) {
        const { stdout, stderr } = await stage.run([...command, '--log-level', 'debug', '--json']);
        for (const hidden of [secret, 'of broker', 'of nobody', 'in-the-url']) {
          expect([command, (stdout + stderr).includes(hidden)]).toEqual([command, false]);
        }
      }
    }
  });

  test('an app id that is no name of a file', async () => {
    await using stage = await createRemedyStage();
    const accounts = [{ appId: '../wx' }];
    const files = { 'tokens/wx': 'x', [`tokens/${appId}`]: stage.simulator.accessToken(appId) };
    await stage.prepare({ config: source({ accessToken: { file: 'tokens/{appId}' }, accounts }), files });
    const remedy = 'correct the app id, or say where the secret of this account is without {appId}';
    expect(await stage.problems()).toMatchObject([{ remedy }]);
    await stage.prepare({ config: source({ accessToken: { file: 'tokens/{appId}' }, accounts: [{ appId }] }) });
    expect(await stage.problems()).toEqual([]);
  });
});

/** Gives a token to whoever knows its key. */
async function startBroker(secret: string, port = 0): Promise<AsyncDisposable & { readonly url: string }> {
  const server: Server = createServer((request, response) => {
    if (request.headers['x-key'] === 'of broker') response.end(secret);
    else response.writeHead(403).end();
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}
