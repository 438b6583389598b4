import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../../src/config/load-config.ts';
import { openRoster } from '../../../../src/config/roster/open-roster.ts';

let directory = '';
let config: Config;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-accounts-'));
  writeFileSync(
    join(directory, 'scenedim.yaml'),
    'target: { type: pglite }\nsource: { accounts: { file: accounts.csv } }\n',
  );
  config = await loadConfig({ workingDirectory: directory, environment: {} });
});
afterEach(() => rmSync(directory, { recursive: true }));

const { signal } = new AbortController();

async function read(csv: string, appIds: readonly string[] = []) {
  writeFileSync(join(directory, 'accounts.csv'), csv);
  const roster = await openRoster(config, {
    appIds,
    signal,
    stdin: Readable.from([]),
    query: async () => [],
    authorizers: async () => new Set<string>(),
  });
  return { total: roster.total, accounts: await Array.fromAsync(roster) };
}

describe('an accounts file', () => {
  test('gives each account its only credential and leaves other columns alone', async () => {
    const csv =
      '\ufeffapp_id,name,secret_env,secret_file,token_env,token_file\r\nwx1,"Shop, one",A,,,\r\n\r\nwx2,,,/run/b,,\r\nwx3,,,,C,\r\nwx4,,,,,d\r\n';
    expect(await read(csv)).toEqual({
      total: 4,
      accounts: [
        { appId: 'wx1', appSecret: { env: 'A' } },
        { appId: 'wx2', appSecret: { file: '/run/b' } },
        { appId: 'wx3', accessToken: { env: 'C' } },
        { appId: 'wx4', accessToken: { file: 'd' } },
      ],
    });
  });

  test('may end with rows of commas alone, as spreadsheets write them', async () => {
    expect(await read('app_id,secret_env,note\r\nwx1,A,\r\n,,\r\n , ,\r\n')).toEqual({
      total: 1,
      accounts: [{ appId: 'wx1', appSecret: { env: 'A' } }],
    });
  });

  test('is narrowed to the accounts that are asked for', async () => {
    expect(await read('app_id,secret_env\nwx1,A\nwx2,B\n', ['wx2'])).toEqual({
      total: 1,
      accounts: [{ appId: 'wx2', appSecret: { env: 'B' } }],
    });
  });

  test('without an account that is asked for is a usage error', async () => {
    await expect(read('app_id,secret_env\nwx10,A\n', ['wx11'])).rejects.toMatchObject({
      code: 'usage',
      message: '--app-id: wx11 is not among the accounts of scenedim.yaml',
      remedy: 'did you mean wx10?',
    });
  });

  test('without any account says how to list one', async () => {
    await expect(read('app_id,secret_env\n')).rejects.toMatchObject({
      remedy: 'add a line for each account below the header, its app id and where its credential is',
    });
  });

  test.each([
    ['', 'accounts.csv: no account is listed, because the file is empty'],
    ['\ufeffapp_id;token_env\r\nwx1;A\r\n', 'accounts.csv:1: its values are separated by semicolons'],
    ['app_id\ttoken_env\nwx1\tA\n', 'accounts.csv:1: its values are separated by tabs'],
    [
      'AppID,secret_env\nwx1,A\n',
      'accounts.csv:1: the header must name app_id and one of secret_env, secret_file, token_env, token_file; it has AppID in place of app_id',
    ],
    ['app_id,secret_env\n', 'accounts.csv: no account is listed'],
    [
      'id,secret_env\nwx1,A\n',
      'accounts.csv:1: the header must name app_id and one of secret_env, secret_file, token_env, token_file',
    ],
    [
      'app_id,name\nwx1,A\n',
      'accounts.csv:1: the header must name app_id and one of secret_env, secret_file, token_env, token_file',
    ],
    [
      'app_id,secret_env,token_env\nwx1,A,B\n',
      'accounts.csv:2: wx1 needs exactly one of secret_env, secret_file, token_env, token_file',
    ],
    [
      'app_id,secret_env\nwx1,A\nwx2,\n',
      'accounts.csv:3: wx2 needs exactly one of secret_env, secret_file, token_env, token_file',
    ],
    ['app_id,secret_env\nwx1,A\n,B\n', 'accounts.csv:3: app_id must be 1 to 128 characters without control characters'],
    ['app_id,secret_env\nwx1,A\nwx2,A\nwx1,B\n', 'accounts.csv:4: wx1 is listed already in line 2'],
  ])('that is wrong is told with its line: %j', async (csv, message) => {
    await expect(read(csv)).rejects.toMatchObject({ code: 'config_invalid', message });
  });

  test('that is missing is told with its name', async () => {
    await expect(
      openRoster(config, {
        signal,
        stdin: Readable.from([]),
        query: async () => [],
        authorizers: async () => new Set<string>(),
      }),
    ).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'accounts file accounts.csv does not exist',
    });
  });

  test.each([
    ['app_id,secret_env\nwx1\n', 'accounts.csv:2: the line has more or fewer values than the header'],
    ['app_id,secret_env\nwx1,A\nwx2,A,B\n', 'accounts.csv:3: the line has more or fewer values than the header'],
    ['app_id,secret_env\nwx1,"A\n', 'accounts.csv:2: a quotation mark opens a value, and none closes it'],
    ['app_id,secret_env\nwx1,A"B\n', 'accounts.csv:2: a quotation mark stands inside a value'],
    ['\ufeff\0', 'accounts file accounts.csv is no text: it holds NUL bytes'],
    ['a\0p\0p\0', 'accounts file accounts.csv is UTF-16, not UTF-8'],
  ])('that is no CSV is told in plain words, with its line: %j', async (csv, message) => {
    await expect(read(csv)).rejects.toMatchObject({ code: 'config_invalid', message });
  });

  test('with a line that does not end is not read without end', async () => {
    const csv = `app_id,secret_env\nwx1,${'A'.repeat(3_000_000)}`;
    const message = 'accounts.csv:2: the line has more than 1 MiB';
    await expect(read(csv)).rejects.toMatchObject({ code: 'config_invalid', message });
  });

  test('may be NDJSON, and comes through standard input', async () => {
    const lines = [
      '\ufeff{"app_id":"wx1","name":"a"}',
      '',
      '{"app_id":"wx2","token_env":"T","secret_file":null}\r',
      '',
    ];
    const stdin = Readable.from([Buffer.from(lines.join('\n').slice(0, 9)), Buffer.from(lines.join('\n').slice(9))]);
    const shared = {
      ...config,
      source: { ...config.source, appSecret: { env: 'S' }, accounts: { file: '-' } },
    } as Config;
    const roster = await openRoster(shared, {
      signal,
      stdin,
      query: async () => [],
      authorizers: async () => new Set<string>(),
    });
    const accounts = [
      { appId: 'wx1', appSecret: { env: 'S' } },
      { appId: 'wx2', accessToken: { env: 'T' } },
    ];
    expect([roster.total, await Array.fromAsync(roster), await Array.fromAsync(roster)]).toEqual([
      2,
      accounts,
      accounts,
    ]);
  });

  test('is not waited for on a terminal', async () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });
    const shared = { ...config, source: { ...config.source, accounts: { file: '-' } } } as Config;
    await expect(
      openRoster(shared, { signal, stdin, query: async () => [], authorizers: async () => new Set<string>() }),
    ).rejects.toMatchObject({
      message: 'source.accounts.file is -, but standard input is a terminal',
      remedy: 'pipe the list of accounts into the command',
    });
  });

  test.each([
    ['{"app_id":"wx1","token_env":"A"}\n{"app_id":"wx2"\n', 'accounts.csv:2: the line is not JSON'],
    ['{"app_id":"wx1","token_env":"A"}\n[]\n', 'accounts.csv:2: the line is no object'],
    ['{"name":"x"}\n', 'accounts.csv:1: app_id must be 1 to 128 characters without control characters'],
    [
      '{"app_id":"wx1","token_env":"A"}\n{"app_id":"wx2"}',
      'accounts.csv:2: wx2 needs exactly one of secret_env, secret_file, token_env, token_file',
    ],
    [`{"app_id":"${'x'.repeat(1_100_000)}`, 'accounts.csv:1: the line has more than 1 MiB'],
  ])('that is no NDJSON is told with its line: %#', async (lines, message) => {
    await expect(read(lines)).rejects.toMatchObject({ code: 'config_invalid', message });
  });

  test('needs app ids alone where the source gives a credential, and is narrowed by patterns', async () => {
    writeFileSync(join(directory, 'accounts.csv'), 'app_id\nwx1\nwx12\nwx123\nwx.4\n');
    const chosen = async (selection: object) => {
      const accounts = { file: 'accounts.csv', ...selection };
      const narrowed = { ...config, source: { ...config.source, accessToken: { env: 'T' }, accounts } } as Config;
      const roster = await openRoster(narrowed, {
        signal,
        stdin: Readable.from([]),
        query: async () => [],
        authorizers: async () => new Set<string>(),
      });
      return [roster.total, ...(await Array.fromAsync(roster, ({ appId }) => appId))];
    };
    expect(await chosen({})).toEqual([4, 'wx1', 'wx12', 'wx123', 'wx.4']);
    expect(await chosen({ include: ['wx1*'] })).toEqual([3, 'wx1', 'wx12', 'wx123']);
    expect(await chosen({ include: ['wx1*', 'wx.4'], exclude: ['*2*'] })).toEqual([2, 'wx1', 'wx.4']);
    expect(await chosen({ exclude: ['wx.*', '*12'] })).toEqual([2, 'wx1', 'wx123']);
    expect(await chosen({ include: ['**1**3'] })).toEqual([1, 'wx123']);
    writeFileSync(join(directory, 'accounts.csv'), 'app_id,secret_env,token_env\nwx1,A,B\n');
    await expect(chosen({})).rejects.toThrow(
      'accounts.csv:2: wx1 needs at most one of secret_env, secret_file, token_env, token_file',
    );
  });
});
