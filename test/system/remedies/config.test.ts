/** Each remedy for the config, its accounts and its secrets: a sync says it and stores nothing, and works once it is followed. */
import { rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import {
  appId,
  createRemedyStage,
  followRemedy,
  memoryFactory,
  otherAppId,
  type Situation,
  type Trouble,
} from '../../support/remedy-stage.ts';

const byToken = (reference: unknown) => ({ appId, accessToken: reference });
const accounts = (...list: unknown[]) => ({ source: { baseUrl: '${URL}', accounts: list } });
const listed = (file = 'accounts.csv') => ({ source: { baseUrl: '${URL}', accounts: { file } } });
const csv = (...lines: string[]) => ({ 'accounts.csv': `${lines.join('\n')}\n` });
const works: Situation = { config: {} };

const files: Readonly<Record<string, Trouble>> = {
  'a config that is not there': {
    fault: { args: ['sync', '--config', 'other.yaml'] },
    says: 'config file other.yaml does not exist',
    remedy: 'run `scenedim init` to write one, or name one with --config FILE',
    cure: { args: ['sync', '--config', 'scenedim.yaml'] },
  },
  'a config that is a directory': {
    fault: { args: ['sync', '--config', '.'] },
    says: 'config file . is a directory',
    remedy: 'check that it is a file and may be read',
    cure: { args: ['sync', '--config', 'scenedim.yaml'] },
  },
  'YAML that is none': {
    fault: { config: 'target: { type: memory\n' },
    says: 'scenedim.yaml:',
    remedy: 'correct the YAML; `scenedim init` writes a file to start from',
    cure: works,
  },
  'a full-width colon': {
    fault: { config: 'target：{ type: ./target.mjs }\n' },
    says: 'target: missing',
    remedy: 'write a plain : and a space in place of the full-width ：',
    cure: works,
  },
  'two YAML documents in one file': {
    fault: { config: 'target: { type: ./target.mjs }\n---\nsource: {}\n' },
    says: 'a second YAML document begins here',
    remedy: 'take the line --- out, or keep one file for each',
    cure: works,
  },
  'a config in UTF-16': {
    fault: { files: { 'scenedim.yaml': Buffer.from('\ufefftarget: { type: ./target.mjs }\n', 'utf16le') } },
    says: 'is UTF-16, not UTF-8',
    remedy: expect.stringMatching(
      /^remedy: save it as UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 \S*scenedim.yaml > \S*scenedim.yaml.utf8$/,
    ),
    cure: works,
  },
  'a config that is no text': {
    fault: { files: { 'scenedim.yaml': 'target: { type: pglite }\n\0\0\0\0' } },
    says: 'it holds NUL bytes',
    remedy: 'name a text file in UTF-8',
    cure: works,
  },
  'an alias that holds itself': {
    fault: { config: 'target: &all { type: memory, more: *all }\n' },
    says: 'its aliases (*name) hold themselves',
    remedy: 'write the values out instead of aliases',
    cure: works,
  },
  'a variable that is not set': {
    fault: { config: { dimension: { timeZone: '${ZONE}' } } },
    says: 'environment variable ZONE is not set',
    remedy: 'set the variable, or give it a default with ${VAR:-default}',
    cure: { env: { ZONE: 'Asia/Shanghai' } },
  },
  'a variable without a default': {
    fault: { config: { dimension: { timeZone: '${ZONE}' } } },
    says: 'environment variable ZONE is not set',
    remedy: 'set the variable, or give it a default with ${VAR:-default}',
    cure: { config: { dimension: { timeZone: '${ZONE:-Asia/Shanghai}' } } },
  },
  'a brace that is not closed': {
    fault: { config: { dimension: { timeZone: '${ZONE' } }, env: { ZONE: 'Asia/Shanghai' } },
    says: '"${" without its "}"',
    remedy: 'write it as ${VAR}, ${VAR:-default} or ${VAR:?message}, and $${ for a literal ${',
    cure: { config: { dimension: { timeZone: '${ZONE}' } } },
  },
  'a setting that does not exist': {
    fault: { config: { gaurds: {} } },
    says: 'gaurds: unknown key; did you mean guards?',
    remedy: '`scenedim schema config` lists every setting',
    cure: { config: { guards: {} } },
  },
  'an option out of bounds': {
    fault: { args: ['sync', '--concurrency', '0'] },
    says: '--concurrency: source.concurrency: must be at least 1',
    remedy: 'correct the option; `scenedim schema config` has the bounds of every setting',
    cure: { args: ['sync', '--concurrency', '1'] },
  },
  'a variable that is nearly a setting': {
    fault: { env: { SCENEDIM_TARGET_SHCEMA: 'x' } },
    says: 'did you mean SCENEDIM_TARGET_SCHEMA?',
    remedy: 'correct the name, or unset the variable',
    cure: { env: { SCENEDIM_TARGET_SHCEMA: undefined } },
  },
  'a duration without a unit': {
    fault: { args: ['sync', '--max-age', '6'] },
    says: '--max-age: "6" is not a duration',
    remedy: 'write a number with a unit, like 90s, 30m, 6h or 2d',
    cure: { args: ['sync', '--max-age', '6h'] },
  },
  'a password in a URL': {
    fault: { config: { source: { baseUrl: 'http://u:pw@127.0.0.1', accounts: [byToken({ env: 'TOKEN' })] } } },
    says: 'source.baseUrl: must not hold a user or a password',
    remedy: 'take out what stands before the @; percent-encode an @ of the path as %40',
    cure: works,
  },
  'a control character in a URL': {
    fault: { config: { source: { baseUrl: '${URL}/\u0007', accounts: [byToken({ env: 'TOKEN' })] } } },
    says: 'source.baseUrl: holds a control character',
    remedy: 'take it out; a line break often comes from a file',
    cure: works,
  },
  'a package that is not installed': {
    fault: { config: { target: { type: 'scenedim-loader-nowhere' } } },
    says: 'target.type: "scenedim-loader-nowhere" cannot be loaded',
    remedy: 'use pglite, postgres, bigquery, or install the package beside the config',
    cure: {
      files: {
        'node_modules/scenedim-loader-nowhere/package.json': '{"type":"module","exports":"./index.js"}',
        'node_modules/scenedim-loader-nowhere/index.js': `export { loaderFactory } from ${JSON.stringify(memoryFactory)};`,
      },
    },
  },
  'a file of a target that is not there': {
    fault: { config: { target: { type: './mine.mjs' } } },
    says: 'target.type: "./mine.mjs" cannot be loaded: there is no file /',
    remedy: 'correct the path, which starts from the folder of the config',
    cure: works,
  },
  'a package that is no target': {
    fault: {
      config: { target: { type: './target.mjs' } },
      files: { 'target.mjs': 'export const loader = {};\n' },
    },
    says: 'target.type: "./target.mjs" exports no loaderFactory with parseConfig and create',
    remedy: 'use pglite, postgres, bigquery or a package that exports a LoaderFactory as loaderFactory',
    cure: {
      config: { target: { type: './right.mjs' } },
      files: { 'right.mjs': `export { loaderFactory } from ${JSON.stringify(memoryFactory)};` },
    },
  },
};

const lists: Readonly<Record<string, Trouble>> = {
  'no source': {
    fault: { config: { source: undefined } },
    says: 'source: missing, and this command fetches from WeChat',
    remedy: 'add a source with its accounts; `scenedim init` shows how',
    cure: works,
  },
  'a secret in the config': {
    fault: { config: accounts(byToken('abc')) },
    says: 'a secret must not be written into the config',
    remedy: 'put it into an environment variable or a file, and write { env: NAME } or { file: PATH }',
    cure: works,
  },
  'an account without a dash': {
    fault: { config: { source: { baseUrl: '${URL}', accounts: byToken({ env: 'TOKEN' }) } } },
    says: 'source.accounts',
    remedy: 'begin each account with a dash: `- appId: …`, or name a file of them',
    cure: works,
  },
  'an account that is listed twice': {
    fault: { config: accounts(byToken({ env: 'TOKEN' }), byToken({ env: 'TOKEN' })) },
    says: 'is listed already at scenedim.yaml:',
    remedy: 'list every account once',
    cure: works,
  },
  'a word instead of a list': {
    fault: { config: { source: { baseUrl: '${URL}', accounts: 'accounts.csv' } } },
    says: 'source.accounts: must be a list, not a text (it is "accounts.csv")',
    remedy: 'begin each account with a dash, or write { file: PATH }, { query: SELECT } or { platform: all }',
    cure: { config: listed(), files: csv('app_id,token_env', `${appId},TOKEN`) },
  },
  'an account that is not listed': {
    fault: { args: ['sync', '--app-id', otherAppId] },
    says: `--app-id: ${otherAppId} is not among the accounts of scenedim.yaml`,
    remedy: 'add it to source.accounts',
    cure: { config: accounts({ appId: otherAppId, accessToken: { env: 'OTHER' } }) },
  },
  'two accounts in one option': {
    fault: { args: ['sync', '--app-id', `${appId},${otherAppId}`] },
    says: `--app-id: ${appId},${otherAppId} is not among the accounts of scenedim.yaml`,
    remedy: 'give each account an --app-id of its own',
    cure: { args: ['sync', '--app-id', appId, '--app-id', appId] },
  },
  'a misspelt account': {
    fault: { args: ['sync', '--app-id', `${appId}f`] },
    says: 'is not among the accounts of scenedim.yaml',
    remedy: `did you mean ${appId}?`,
    cure: { args: ['sync', '--app-id', appId] },
  },
  'a list that is not there': {
    fault: { config: listed('nowhere.csv') },
    says: 'accounts file nowhere.csv does not exist',
    remedy: 'correct source.accounts.file; it is relative to the config file',
    cure: { config: listed(), files: csv('app_id,token_env', `${appId},TOKEN`) },
  },
  'a list without a header': {
    fault: { config: listed(), files: csv(`${appId},TOKEN`) },
    says: 'accounts.csv:1: the header must name app_id and one of',
    remedy: 'start the file with a line like: app_id,secret_env',
    cure: { files: csv('app_id,secret_env', `${appId},SECRET`) },
  },
  'a list that a spreadsheet wrote with semicolons': {
    fault: { config: listed(), files: csv('\ufeffapp_id;token_env', `${appId};TOKEN`) },
    says: 'accounts.csv:1: its values are separated by semicolons',
    remedy: 'save it as CSV with commas',
    cure: { files: csv('\ufeffapp_id,token_env', `${appId},TOKEN`) },
  },
  'a list without an account': {
    fault: { config: listed(), files: csv('app_id,token_env') },
    says: 'accounts.csv: no account is listed',
    remedy: 'add a line for each account below the header, its app id and where its credential is',
    cure: { files: csv('app_id,token_env', `${appId},TOKEN`) },
  },
  'a list with an app id that is none': {
    fault: { config: listed(), files: csv('app_id,token_env', '*,TOKEN') },
    says: 'accounts.csv:2: app_id',
    remedy: 'write the AppID that mp.weixin.qq.com shows',
    cure: { files: csv('app_id,token_env', `${appId},TOKEN`) },
  },
  'a list with two credentials in a line': {
    fault: { config: listed(), files: csv('app_id,token_env,secret_env', `${appId},TOKEN,SECRET`) },
    says: 'needs exactly one of secret_env, secret_file, token_env, token_file',
    remedy: 'fill one of these columns and leave the others empty',
    cure: { files: csv('app_id,token_env,secret_env', `${appId},,SECRET`) },
  },
  'a list that names an account twice': {
    fault: { config: listed(), files: csv('app_id,token_env', `${appId},TOKEN`, `${appId},TOKEN`) },
    says: 'accounts.csv:3: wx0123456789abcdef is listed already in line 2',
    remedy: 'list every account once',
    cure: { files: csv('app_id,token_env', `${appId},TOKEN`) },
  },
  'a list with a comma in a note': {
    fault: { config: listed(), files: csv('app_id,token_env,note', `${appId},TOKEN,one, two`) },
    says: 'accounts.csv:2: the line has more or fewer values than the header',
    remedy: 'give every line as many commas as the header has, and put a value that holds a comma into "…"',
    cure: { files: csv('app_id,token_env,note', `${appId},TOKEN,"one, two"`) },
  },
};

describe('a remedy for the config works:', () => {
  test.each(Object.entries(files))('%s', (_, trouble) => followRemedy(trouble));
});

describe('a remedy for the list of accounts works:', () => {
  test.each(Object.entries(lists))('%s', (_, trouble) => followRemedy(trouble));
});

test('a config called .yml is taken by its name, and after it is renamed', async () => {
  for (const name of ['scenedim.yml', 'config/scenedim.yml']) {
    await using stage = await createRemedyStage();
    const target = { type: join(stage.directory, 'target.mjs') };
    await stage.prepare({ files: { [name]: stringify({ ...stage.sections, target }) } });
    await unlink(join(stage.directory, 'scenedim.yaml'));
    const { code, stderr } = await stage.run(['sync']);
    const renamed = name.replace('yml', 'yaml');
    expect([code, stderr]).toEqual([78, expect.stringContaining(`, but ${name} does\n`)]);
    expect(stderr).toContain(`remedy: rename it to ${renamed}, or name it: --config ${name}\n`);
    expect((await stage.run(['sync', '--config', name])).code).toBe(0);
    await rename(join(stage.directory, name), join(stage.directory, renamed));
    expect((await stage.run(['sync'])).code).toBe(0);
  }
});
