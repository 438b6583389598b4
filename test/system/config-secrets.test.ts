/** Passwords of the database, and secrets that were written into the config by mistake, are never told. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describePostgres, passwordGroup } from '../support/postgres.ts';
import { query } from '../support/postgres-loader-fixture.ts';
import { runCli } from '../support/spawn-cli.ts';

let cwd = '';
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'scenedim-passwords-'));
});
afterAll(() => rmSync(cwd, { recursive: true }));

let configs = 0;
/** Runs a command with a config and gives its exit status and all that it prints. */
async function printedWith(config: object, env: Readonly<Record<string, string>> = {}, args = ['status', '--json']) {
  configs += 1;
  writeFileSync(join(cwd, `config-${configs}.yaml`), JSON.stringify(config));
  const { code, stdout, stderr } = await runCli([...args, '-c', `config-${configs}.yaml`, '--log-level', 'debug'], {
    cwd,
    env,
  });
  return { code, text: stdout + stderr };
}

describe.concurrent('a database password', () => {
  test.each([
    ['hunter2-and-more', 'hunter2-and-more', 69],
    ['p%40ss%2Fword', 'p@ss/word', 69],
    // Not encoded, so where the password or the host begins is anybody's guess.
    ['100%sure', '100%sure', 78],
    ['pass/word', 'pass/word', 78],
    ['pass#wo?rd', 'pass#wo?rd', 78],
  ])('written %s is not told when nobody listens at target.url', async (written, password, exitCode) => {
    const url = `postgres://scenedim:${written}@127.0.0.1:9/db`;
    for (const args of [['status', '--json'], ['check']]) {
      const { code, text } = await printedWith({ target: { type: 'postgres', url } }, {}, args);
      expect(code).toBe(exitCode);
      for (const secret of [written, password]) expect(text).not.toContain(secret);
    }
  });

  test('in a parameter of the URL or in the environment is not told either', async () => {
    const url = 'postgres://127.0.0.1:9/db?user=scenedim&password=hunter2-and-more';
    const target = { type: 'postgres', url: 'postgres://127.0.0.1:9/db?user=u' };
    for (const given of [
      await printedWith({ target: { type: 'postgres', url } }),
      await printedWith({ target }, { PGPASSWORD: 'hunter2-and-more' }),
    ]) {
      expect(given.code).toBe(69);
      expect(given.text).not.toContain('hunter2');
    }
  });
});

describePostgres(
  'a wrong database password',
  ({ adminUrl }) => {
    test('is refused with 77 and not told', async () => {
      const role = `forgetful_${process.pid}_${Date.now()}`;
      await query(adminUrl(), `create role ${role} login password 'open sesame' in role ${passwordGroup}`);
      const url = new URL(adminUrl());
      url.username = role;
      url.password = 'hunter2-and-more';
      for (const args of [['status', '--json'], ['check']]) {
        const { code, text } = await printedWith({ target: { type: 'postgres', url: url.href } }, {}, args);
        expect(code).toBe(77);
        expect(text).not.toContain('hunter2');
      }
    });
  },
  { versions: 'newest' },
);

describe.concurrent('a secret that was written into the config by mistake', () => {
  const secret = '0123456789abcdef0123456789abcdef';
  const target = { type: 'memory' };
  const withAccount = (account: object) => ({ target, source: { accounts: [{ appId: 'wx1', ...account }] } });
  test.each<[string, object]>([
    ['as the token', withAccount({ accessToken: secret })],
    ['as a number', withAccount({ appSecret: 1234567890123 })],
    ['as a list', withAccount({ appSecret: [secret] })],
    ['under a key of its own', withAccount({ appSecret: { value: secret } })],
    ['under a misspelt key', withAccount({ apSecret: secret })],
    ['in the base URL', { target, source: { baseUrl: `ftp://user:${secret}@host`, accounts: [] } }],
    ['in a URL of the wrong kind', { target: { type: 'postgres', url: `mysql://user:${secret}@host/db` } }],
    ['as a setting of the target', { target: { type: 'postgres', password: secret } }],
  ])('%s is not told', async (_where, config) => {
    const { code, text } = await printedWith(config);
    expect(code).toBe(78);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('1234567890123');
  });

  test('through a variable is not told', async () => {
    const env = { SCENEDIM_TARGET_URL: `mysql://user:${secret}@host/db`, SCENEDIM_TARGET_TYPE: 'postgres' };
    const { code, text } = await printedWith({ target: {} }, env);
    expect(code).toBe(78);
    expect(text).not.toContain(secret);
  });

  test('with an accounts file that cannot be used', async () => {
    writeFileSync(join(cwd, 'accounts.csv'), `app_id,secret\nwx1,${secret}\n`);
    const { code, text } = await printedWith(
      { target, source: { baseUrl: 'http://127.0.0.1:9', accounts: { file: 'accounts.csv' } } },
      {},
      ['check'],
    );
    expect(code).toBe(78);
    expect(text).not.toContain(secret);
  });
});
