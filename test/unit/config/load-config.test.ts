import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configTemplate, defaultAnswers } from '../../../src/config/config-template.ts';
import type { Environment } from '../../../src/config/interpolate.ts';
import { type Config, loadConfig } from '../../../src/config/load-config.ts';
import type { Setting } from '../../../src/config/setting-variables.ts';
import { settingVariables } from '../../../src/config/setting-variables.ts';
import { type ErrorCode, ScenedimError } from '../../../src/errors.ts';
import { builtInTargetTypes } from '../../../src/load/registry.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function load(yaml: string, environment: Environment = {}, settings: readonly Setting[] = []): Promise<Config> {
  writeFileSync(join(directory, 'scenedim.yaml'), yaml);
  return loadConfig({ workingDirectory: directory, environment, settings });
}

async function refusal(
  yaml: string,
  environment: Environment = {},
  settings: readonly Setting[] = [],
  code: ErrorCode = 'config_invalid',
): Promise<string> {
  const error = await load(yaml, environment, settings).catch((reason: unknown) => reason);
  if (!(error instanceof ScenedimError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  expect(error.code).toBe(code);
  return error.message;
}

const target = 'target: { type: pglite }\n';
const both = 'componentAccessToken: { env: A }, mint: { componentAppSecret: { env: B }, verifyTicket: { env: C } }';

describe('a config', () => {
  test('is complete by its target alone', async () => {
    expect(await load(target)).toEqual({
      placeOf: expect.any(Function),
      target: { type: 'pglite', path: './data/scene', schema: 'scene', autoMigrate: true },
      dimension: { firstSeen: 'beginning', timeZone: 'Asia/Shanghai' },
      catalog: { communityMapping: false },
      guards: { empty: 'hold', minScenes: 4, maxShrink: 0.5 },
      file: 'scenedim.yaml',
      baseDirectory: directory,
    });
  });

  test('without a source stays so, whatever variables and flags say about how to fetch', async () => {
    const rate = { path: ['source', 'ratePerSecond'], value: '5', origin: '--rate' };
    const config = await load(target, { SCENEDIM_SOURCE_BASE_URL: 'http://127.0.0.1:1' }, [rate]);
    expect(config.source).toBeUndefined();
  });

  test('may have its source from variables alone', async () => {
    const environment = { SCENEDIM_SOURCE_ACCOUNTS_FILE: 'a.csv', SCENEDIM_SOURCE_CONCURRENCY: '2' };
    expect((await load(target, environment)).source).toMatchObject({ accounts: { file: 'a.csv' }, concurrency: 2 });
  });

  test('may be JSON', async () => {
    expect((await load('{"target": {"type": "pglite"}, "guards": {"minScenes": 9}}')).guards.minScenes).toBe(9);
  });

  test('of another package keeps the settings that only that package knows', async () => {
    const config = await load('target: { type: "@acme/scenedim-duckdb", file: x.duckdb, threads: 4 }');
    expect(config.target).toEqual({ type: '@acme/scenedim-duckdb', file: 'x.duckdb', threads: 4, autoMigrate: true });
  });

  test('that init writes loads without errors, for every answer', async () => {
    for (const credential of ['token', 'secret'] as const) {
      for (const kind of builtInTargetTypes) {
        const text = configTemplate({ appId: 'wx1: "#x', credential, target: kind, timeZone: 'UTC' });
        const config = await load(text, { DATABASE_URL: 'postgres://u@h/d', GOOGLE_CLOUD_PROJECT: 'my-project' });
        expect(config.target.type).toBe(kind);
        expect(config.dimension.timeZone).toBe('UTC');
        expect(config.source?.accounts).toEqual([
          {
            appId: 'wx1: "#x',
            ...(credential === 'token'
              ? { accessToken: { env: 'WECHAT_ACCESS_TOKEN' } }
              : { appSecret: { env: 'WECHAT_APP_SECRET' } }),
          },
        ]);
      }
    }
  });

  test('that init writes becomes one of BigQuery by its comments', async () => {
    const text = configTemplate(defaultAnswers)
      .replaceAll(/^ {2}(?:type|path|schema): .*\n/gm, '')
      .replace(/(?<=# Or a BigQuery dataset.*\n)(?: {2}# .*\n)+/, (lines) => lines.replaceAll(/^ {2}# /gm, '  '));
    expect((await load(text, { GOOGLE_CLOUD_PROJECT: 'my-project' })).target).toEqual({
      type: 'bigquery',
      projectId: 'my-project',
      dataset: 'scene',
      location: 'asia-east1',
      keyFile: 'bigquery.json',
      impersonate: 'scenedim@my-project.iam.gserviceaccount.com',
      maximumBytesBilled: 1_000_000_000,
      labels: { team: 'growth' },
      gzip: true,
      autoMigrate: true,
    });
  });

  test.each([
    ['{}', '1:1: target.projectId: missing'],
    ['{ projectId: 123 }', '1:38: target.projectId: must be a text, not a number (it is 123)'],
    ['{ projectId: p, gzip: "yes" }', '1:47: target.gzip: must be true or false, not a text (it is "yes")'],
    ['{ projectId: p, location: 7 }', '1:51: target.location: must be a text, not a number (it is 7)'],
    ['{ projectId: p, labels: { Team: x } }', '1:57: target.labels.Team: its key may hold lower case letters'],
  ])('of BigQuery names what is wrong in %s', async (section, message) => {
    const text = `target: ${section.replace('{', '{ type: bigquery,')}\n`;
    await expect(load(text)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  test('example in config/ is what init writes', async () => {
    const example = await import('node:fs').then(({ readFileSync }) =>
      readFileSync(new URL('../../../config/scenedim.example.yaml', import.meta.url), 'utf8'),
    );
    expect(example).toBe(configTemplate(defaultAnswers));
  });

  test('is looked for in config/ too, and named by the flag before the variable', async () => {
    mkdirSync(join(directory, 'config'));
    writeFileSync(join(directory, 'config/scenedim.yaml'), target);
    writeFileSync(join(directory, 'a.yaml'), target);
    writeFileSync(join(directory, 'b.yaml'), target);
    const from = async (file: string | undefined, environment: Environment): Promise<readonly [string, string]> => {
      const config = await loadConfig({ workingDirectory: directory, environment, file });
      return [config.file, config.baseDirectory];
    };
    expect(await from(undefined, {})).toEqual(['config/scenedim.yaml', join(directory, 'config')]);
    expect(await from(undefined, { SCENEDIM_CONFIG: 'a.yaml' })).toEqual(['a.yaml', directory]);
    expect(await from('b.yaml', { SCENEDIM_CONFIG: 'a.yaml' })).toEqual(['b.yaml', directory]);
  });

  test.each(['scenedim.yml', 'config/scenedim.yml'])('that is called %s is named with what to do', async (name) => {
    mkdirSync(join(directory, 'config'));
    writeFileSync(join(directory, name), target);
    await expect(loadConfig({ workingDirectory: directory, environment: {} })).rejects.toMatchObject({
      message: `no config: neither scenedim.yaml nor config/scenedim.yaml exists here, but ${name} does`,
      remedy: `rename it to ${name.replace('yml', 'yaml')}, or name it: --config ${name}`,
    });
    expect((await loadConfig({ file: name, workingDirectory: directory, environment: {} })).target.type).toBe('pglite');
  });

  test('that is nowhere is refused with init as the remedy', async () => {
    const error = await loadConfig({ workingDirectory: directory, environment: {} }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: 'no config: neither scenedim.yaml nor config/scenedim.yaml exists here',
      remedy: 'run `scenedim init` to write one, or name one with --config FILE',
    });
  });

  test('that is a directory cannot be read', async () => {
    mkdirSync(join(directory, 'scenedim.yaml'));
    const error = await loadConfig({ workingDirectory: directory, environment: {} }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'file_unusable', exitCode: 74 });
  });
});

describe('a mistake in the config is told with file, line and column', () => {
  const cases: readonly (readonly [name: string, yaml: string, message: string])[] = [
    ['an empty file', '', 'scenedim.yaml:1:1: target: missing'],
    ['a list instead of a map', '- a\n', 'scenedim.yaml:1:1: the config: must be a map of settings, not a list'],
    ['a misspelt section', `${target}gaurds: {}\n`, 'scenedim.yaml:2:1: gaurds: unknown key; did you mean guards?'],
    [
      'a misspelt key',
      `${target}guards:\n  maxShrnk: 0.2\n`,
      'scenedim.yaml:3:3: guards.maxShrnk: unknown key; did you mean maxShrink?',
    ],
    [
      'a key that resembles none',
      `${target}guards: { zzzzzz: 1 }\n`,
      'scenedim.yaml:2:11: guards.zzzzzz: unknown key; known here: empty, minScenes, maxShrink',
    ],
    [
      'a key of another target',
      'target:\n  type: pglite\n  url: postgres://x\n',
      'scenedim.yaml:3:3: target.url: unknown key; known here: type, path, schema, autoMigrate',
    ],
    [
      'a misspelt key of an account',
      `${target}source:\n  accounts:\n    - appId: wx1\n      appSecrt: { env: A }\n`,
      'scenedim.yaml:5:7: source.accounts[0].appSecrt: unknown key; did you mean appSecret?',
    ],
    ['a target without a type', 'target:\n  path: x\n', 'scenedim.yaml:1:1: target.type: missing'],
    [
      'a misspelt target',
      'target: { type: postgre }\n',
      'scenedim.yaml:1:17: target.type: "postgre" is not a kind of target; did you mean postgres?',
    ],
    [
      'postgresql',
      'target: { type: postgresql }\n',
      'scenedim.yaml:1:17: target.type: "postgresql" is not a kind of target; did you mean postgres?',
    ],
    [
      'a text for a number',
      `${target}guards: { minScenes: four }\n`,
      'scenedim.yaml:2:22: guards.minScenes: must be a number, not a text (it is "four")',
    ],
    [
      'a number out of range',
      `${target}guards: { maxShrink: 1.5 }\n`,
      'scenedim.yaml:2:22: guards.maxShrink: must be at most 1 (it is 1.5)',
    ],
    [
      'half a scene',
      `${target}guards: { minScenes: 2.5 }\n`,
      'scenedim.yaml:2:22: guards.minScenes: must be a whole number, not a number (it is 2.5)',
    ],
    [
      'an unknown word',
      `${target}guards: { empty: holdd }\n`,
      'scenedim.yaml:2:18: guards.empty: must be hold or accept; did you mean hold? (it is "holdd")',
    ],
    [
      'an unknown time zone',
      `${target}dimension: { timeZone: Asia/Peking }\n`,
      'scenedim.yaml:2:24: dimension.timeZone: is not a time zone; did you mean Asia/Shanghai? (it is "Asia/Peking")',
    ],
    [
      'an offset as time zone',
      `${target}dimension: { timeZone: "+08:00" }\n`,
      'scenedim.yaml:2:24: dimension.timeZone: is not a time zone; did you mean Asia/Shanghai? (it is "+08:00")',
    ],
    [
      'a URL of another kind',
      `${target}source: { baseUrl: ftp://x, accounts: { file: a.csv } }\n`,
      'scenedim.yaml:2:20: source.baseUrl: is not a URL that starts with http:// or https:// (it is "ftp://x")',
    ],
    [
      'no account',
      `${target}source: { accounts: [] }\n`,
      'scenedim.yaml:2:21: source.accounts: must have at least 1 entry',
    ],
    [
      'a source without accounts',
      `${target}source: { concurrency: 2 }\n`,
      'scenedim.yaml:2:1: source.accounts: missing',
    ],
    [
      'an account without credential',
      `${target}source: { accounts: [{ appId: wx1 }] }\n`,
      'scenedim.yaml:2:22: source.accounts[0]: needs exactly one of accessToken and appSecret',
    ],
    [
      'a secret in two places',
      `${target}source: { accounts: [{ appId: wx1, appSecret: { env: A, file: B } }] }\n`,
      'scenedim.yaml:2:47: source.accounts[0].appSecret: needs exactly one of env, file, command, url',
    ],
    [
      'an account that is listed twice',
      `${target}source:\n  accounts:\n    - { appId: wx1, appSecret: { env: A } }\n    - { appId: wx1, appSecret: { env: B } }\n`,
      'scenedim.yaml:5:16: source.accounts[1].appId: wx1 is listed already at scenedim.yaml:4:16',
    ],
    [
      'a platform with two tokens',
      `${target}source:\n  accounts: { platform: all }\n  platform: { componentAppId: wxc, tokenStore: { file: t }, ${both} }\n`,
      'scenedim.yaml:4:13: source.platform: needs exactly one of componentAccessToken and mint',
    ],
    [
      'a platform that keeps its refresh tokens in two places',
      `${target}source:\n  accounts: { platform: all }\n  platform: { componentAppId: wxc, componentAccessToken: { env: A }, tokenStore: { file: t, target: true } }\n`,
      'scenedim.yaml:4:82: source.platform.tokenStore: needs exactly one of file and target: true',
    ],
    [
      'refresh tokens in BigQuery',
      'target: { type: bigquery, projectId: p }\nsource:\n  accounts: { platform: all }\n  platform: { componentAppId: wxc, componentAccessToken: { env: A }, tokenStore: { target: true } }\n',
      'scenedim.yaml:4:82: source.platform.tokenStore: BigQuery keeps no refresh tokens, since each change would be a job of seconds',
    ],
    [
      'two shared credentials',
      `${target}source: { accessToken: { env: A }, appSecret: { env: B }, accounts: [{ appId: wx1 }] }\n`,
      'scenedim.yaml:2:47: source: needs at most one of accessToken and appSecret',
    ],
    [
      'headers of a file',
      `${target}source: { accounts: [{ appId: wx1, appSecret: { file: A, headers: { X: y } } }] }\n`,
      'scenedim.yaml:2:47: source.accounts[0].appSecret: headers go with a url only',
    ],
    [
      'a pointer that is none',
      `${target}source: { accounts: [{ appId: wx1, appSecret: { env: A, pointer: token } }] }\n`,
      'scenedim.yaml:2:66: source.accounts[0].appSecret.pointer: must begin with a slash, like /access_token (it is "token")',
    ],
    [
      'a time without a unit',
      `${target}source: { accounts: [{ appId: wx1, appSecret: { env: A, timeout: "10" } }] }\n`,
      'scenedim.yaml:2:66: source.accounts[0].appSecret.timeout: must be a time of at most 1h with its unit, like 10s or 500ms (it is "10")',
    ],
    [
      'a url with a password',
      `${target}source: { accounts: [{ appId: wx1, accessToken: { url: "http://u:p@host/" } }] }\n`,
      'scenedim.yaml:2:56: source.accounts[0].accessToken.url: must not hold a user or a password',
    ],
    [
      'a misspelt header',
      `${target}source: { accounts: [{ appId: wx1, accessToken: { url: "http://h/", headers: { X: { envv: A } } } }] }\n`,
      'scenedim.yaml:2:85: source.accounts[0].accessToken.headers.X.envv: unknown key; did you mean env?',
    ],
    [
      'all accounts of a platform that there is not',
      `${target}source: { accounts: { platform: all } }\n`,
      'scenedim.yaml:2:21: source.accounts: platform: all needs a source.platform',
    ],
    [
      'accounts in one word',
      `${target}source: { accounts: authorizers }\n`,
      'scenedim.yaml:2:21: source.accounts: must be a list, not a text (it is "authorizers")',
    ],
    ['a key twice', `${target}target: {}\n`, 'scenedim.yaml:2:1: at `target: …`: the key is given twice'],
    [
      'a variable that is not set',
      'target:\n  type: postgres\n  url: ${DATABASE_URL}\n',
      'scenedim.yaml:3:8: environment variable DATABASE_URL is not set',
    ],
    [
      'a variable with a message',
      `${target}guards: { empty: "\${E:?hold or accept}" }\n`,
      'scenedim.yaml:2:18: environment variable E is not set: hold or accept',
    ],
  ];
  for (const [name, yaml, message] of cases) {
    test(name, async () => {
      expect(await refusal(yaml)).toBe(message);
    });
  }

  test('all mistakes at once', async () => {
    expect(await refusal('target: { typ: pglite }\nguards: { empty: 1, minScenes: 0 }\n')).toBe(
      [
        'scenedim.yaml:1:1: target.type: missing',
        'scenedim.yaml:2:18: guards.empty: must be hold or accept (it is 1)',
        'scenedim.yaml:2:32: guards.minScenes: must be at least 1 (it is 0)',
      ].join('\n'),
    );
  });

  test('broken YAML', async () => {
    expect(await refusal('target: { type: pglite\n')).toMatch(/^scenedim\.yaml:\d+:\d+: /);
  });

  test('a secret in the file, without showing it', async () => {
    const yaml = `${target}source: { accounts: [{ appId: wx1, appSecret: 0123456789abcdef }] }\n`;
    const error = await load(yaml).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      message: 'scenedim.yaml:2:47: source.accounts[0].appSecret: a secret must not be written into the config',
      remedy: 'put it into an environment variable or a file, and write { env: NAME } or { file: PATH }',
    });
  });

  test('a secret of a platform in the file, without showing it', async () => {
    const platform = (credentials: string) =>
      `${target}source: { accounts: { platform: all }, platform: { componentAppId: wxc, ${credentials}, tokenStore: { file: r.json } } }\n`;
    const secret = '0123456789abcdef';
    const given = await refusal(platform(`componentAccessToken: ${secret}`));
    const minted = await refusal(platform(`mint: { componentAppSecret: ${secret}, verifyTicket: ${secret} }`));
    const words = 'a secret must not be written into the config';
    expect(given.replaceAll(/^\S+: /gm, '')).toBe(`source.platform.componentAccessToken: ${words}`);
    expect(minted.replaceAll(/^\S+: /gm, '').split('\n')).toEqual([
      `source.platform.mint.componentAppSecret: ${words}`,
      `source.platform.mint.verifyTicket: ${words}`,
    ]);
  });

  test('a bad URL of the target, without showing it', async () => {
    const message = await refusal('target: { type: postgres, url: "mysql://user:pass-word@host/db" }\n');
    expect(message).toBe('scenedim.yaml:1:32: target.url: must start with postgres:// or postgresql://');
  });
});

describe('the environment', () => {
  test('fills in values, which become what the setting needs', async () => {
    const config = await load(
      `${target}source: { ratePerSecond: "\${RATE:-50}", concurrency: "\${N}", accounts: { file: a.csv } }\n`,
      { N: '3' },
    );
    expect([config.source?.ratePerSecond, config.source?.concurrency]).toEqual([50, 3]);
  });

  test('cannot smuggle in YAML', async () => {
    const config = await load('target: { type: pglite, path: "${P}" }\n', {
      P: 'x, schema: evil }\nguards: { minScenes: 1',
    });
    expect(config.target).toMatchObject({ path: 'x, schema: evil }\nguards: { minScenes: 1', schema: 'scene' });
  });

  test('is not shown when its value is wrong', async () => {
    expect(await refusal(`${target}guards: { minScenes: "\${N}" }\n`, { N: 'hush' })).toBe(
      'scenedim.yaml:2:22: guards.minScenes: must be a number, not a text',
    );
  });

  test('wins over the file, and a flag over both', async () => {
    const yaml = `${target}source: { ratePerSecond: 1, concurrency: 1, accounts: { file: a.csv } }\n`;
    const environment = {
      SCENEDIM_SOURCE_RATE_PER_SECOND: '2',
      SCENEDIM_SOURCE_CONCURRENCY: '2',
      SCENEDIM_TARGET_PATH: '',
    };
    const config = await load(yaml, environment, [{ path: ['source', 'ratePerSecond'], value: '3', origin: '--rate' }]);
    expect(config.source).toMatchObject({ ratePerSecond: 3, concurrency: 2 });
    expect(config.target).toMatchObject({ path: './data/scene' });
  });

  test('and a flag are named when their value is wrong', async () => {
    const yaml = `${target}source: { accounts: { file: a.csv } }\n`;
    expect(await refusal(yaml, { SCENEDIM_GUARDS_MAX_SHRINK: 'lots' })).toBe(
      'SCENEDIM_GUARDS_MAX_SHRINK: guards.maxShrink: must be a number, not a text',
    );
    const rate = { path: ['source', 'ratePerSecond'], value: '0', origin: '--rate' };
    expect(await refusal(yaml, {}, [rate], 'usage'), 'nothing but a flag').toBe(
      '--rate: source.ratePerSecond: must be more than 0',
    );
    expect((await refusal(yaml, { SCENEDIM_GUARDS_MAX_SHRINK: 'lots' }, [rate])).split('\n')).toHaveLength(2);
    expect(await refusal(yaml, { SCENEDIM_TARGET_LOCATION: 'x' })).toMatch(
      /^SCENEDIM_TARGET_LOCATION: target.location: unknown key/,
    );
  });

  test('has a variable that is no setting: refused with the one that was meant', async () => {
    expect(await refusal(target, { SCENEDIM_TARGET_PTAH: 'x' })).toBe(
      'environment variable SCENEDIM_TARGET_PTAH is not a setting; did you mean SCENEDIM_TARGET_PATH?',
    );
  });

  test.each(['SCENEDIM_SOURCE_CONCURENCY', 'SCENEDIM_GUARDS_X', 'SCENEDIM_DIMENSION_TOKEN', 'SCENEDIM_TARGET_'])(
    'has %s, which begins like a setting and is none: refused',
    async (name) => {
      expect(await refusal(target, { [name]: 'x' })).toMatch(`environment variable ${name} is not a setting`);
    },
  );

  test('may hold any other variable of that name: of people, of Kubernetes, of tests', async () => {
    const environment = {
      SCENEDIM_WECHAT_TOKEN: 'x',
      SCENEDIM_SOURCE: 'x',
      SCENEDIM_TARGETS: 'x',
      SCENEDIM_LOG_LEVL: 'debug',
      SCENEDIM_TEST_ANYTHING: '1',
      SCENEDIM_SERVICE_HOST: '10.0.0.1',
      SCENEDIM_PORT: 'tcp://10.0.0.1:80',
      SCENEDIM_WEB_PORT_80_TCP_ADDR: '10.0.0.1',
    };
    expect((await load(target, environment)).target.type).toBe('pglite');
  });

  test('may hold variables that begin like a setting where the config names them', async () => {
    const yaml = `target: { type: pglite, path: "\${SCENEDIM_TARGET_DIR}" }\nsource: { accounts: [{ appId: wx1, appSecret: { env: SCENEDIM_SOURCE_SECRET } }] }\n`;
    const environment = { SCENEDIM_TARGET_DIR: 'x', SCENEDIM_SOURCE_SECRET: 'y' };
    expect((await load(yaml, environment)).target).toMatchObject({ path: 'x' });
  });

  test('has a variable for every scalar setting', async () => {
    const { z } = await import('zod');
    const { configSchema } = await import('../../../src/config/config-schema.ts');
    const paths = new Set<string>();
    const walk = (node: JsonSchema, path: string): void => {
      for (const branch of node.anyOf ?? []) walk(branch, path);
      for (const [key, child] of Object.entries(node.properties ?? {}))
        walk(child, path === '' ? key : `${path}.${key}`);
      const isScalar = ['string', 'number', 'integer', 'boolean'].includes(node.type ?? '');
      if (isScalar && path !== '$schema') paths.add(path);
    };
    walk(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '');
    expect(Object.values(settingVariables).sort()).toEqual([...paths].sort());
    const spelled = Object.values(settingVariables).map(
      (path) => `SCENEDIM_${path.replaceAll('.', '_').replace(/[A-Z]/g, '_$&').toUpperCase()}`,
    );
    expect(Object.keys(settingVariables)).toEqual(spelled);
  });
});

interface JsonSchema {
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}
