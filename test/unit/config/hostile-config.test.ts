/** A config that means harm, or is a mistake, is refused with 78 and shows nothing secret. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'scenedim-hostile-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function load(text: string, environment: Readonly<Record<string, string>> = {}) {
  await writeFile(join(directory, 'scenedim.yaml'), text);
  return loadConfig({ workingDirectory: directory, environment });
}

const ten = (name: string) => `[${Array.from({ length: 10 }, () => name).join(',')}]`;

describe('a hostile config', () => {
  it('of two YAML documents is told where the second begins', async () => {
    await expect(load('---\ntarget: {type: pglite}\n---\ntarget: {type: pglite}\n')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'scenedim.yaml:3:1: a second YAML document begins here, and a config is one',
    });
    expect((await load('---\ntarget: {type: pglite}\n...\n')).target.type).toBe('pglite');
  });

  it.each([
    ['target:\n\ttype: pglite\n', '2:1: at `type: …`: the line is indented with a tab; indent it with spaces'],
    ['target:\n  path: "a\nsource: 1\n', '2:9: at `path: …`: a quotation mark opens a text, and none closes it'],
    [
      'target:\n  path: @secret\n',
      '2:9: at `path: …`: a value cannot begin with this character; put the value into "…"',
    ],
    ['target: {type: pglite\nguards: 1\n', '2:1: at `guards: …`: a { is opened before and not closed with a }'],
    ['a:\n  b: 1\n c: 2\n', '3:1: at `c: …`: the line is indented otherwise than the lines that it belongs to'],
    [
      'a:\n - b: x\n    c: 1\n',
      '2:7: at `- b: …`: the value is mixed up with a key: indent the next line as the keys around it, and put a value that holds ": " into "…"',
    ],
    ['a: 1\nsecret\n', '2:1: the line holds no "key: value"; perhaps a colon or the space after it is missing'],
  ])('with an error of YAML is told in plain words, without its values: %j', async (text, told) => {
    await expect(load(text)).rejects.toMatchObject({ code: 'config_invalid', message: `scenedim.yaml:${told}` });
  });

  it.each([
    [
      'an alias bomb',
      `a: &a ${ten('x')}\nb: &b ${ten('*a')}\nc: &c ${ten('*b')}\nd: ${ten('*c')}\ntarget: {type: pglite}`,
    ],
    ['an alias of itself', 'a: &a\n  b: *a\ntarget: {type: pglite}'],
    ['an alias of nothing', 'target: {type: pglite, path: *Secret}'],
    ['brackets without end', `target: ${'['.repeat(50_000)}`],
    ['maps without end', `target: ${'{a: '.repeat(50_000)}`],
    ['a NUL in a path', 'target: {type: pglite, path: "a\\0b"}'],
    ['half a surrogate pair', 'target: {type: pglite}\nsource: {accounts: [{appId: "\\ud800", appSecret: {env: X}}]}'],
    ['a part of a password in ${}', 'target: {type: postgres, url: "postgres://u:pw${Sec-ret}x@h/d"}'],
    ['a part of a password in an operator', 'target: {type: postgres, url: "postgres://u:pw${A:Secret}x@h/d"}'],
    ['a part of a password without its end', 'target: {type: postgres, url: "postgres://u:pw${Secret@h/d"}'],
    ['a password with a #', 'target: {type: postgres, url: "postgres://u:p@Secret#x@h/d"}'],
  ])('%s is refused', async (_what, text) => {
    const error: unknown = await load(text).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(String(error)).not.toMatch(/Sec-?ret/);
  });

  it('may name variables that begin like a setting, in YAML and in a list of accounts', async () => {
    const environment = { SCENEDIM_SOURCE_TOKEN: 'x', SCENEDIM_TARGET_SECRET: 'y' };
    await writeFile(
      join(directory, 'accounts.csv'),
      'app_id,token_env,secret_env\nwx1,SCENEDIM_SOURCE_TOKEN,\nwx2,,SCENEDIM_TARGET_SECRET\n',
    );
    const target = 'target: {type: pglite}\n';
    const yaml =
      '[{appId: wx1, accessToken: {env: SCENEDIM_SOURCE_TOKEN}}, {appId: wx2, appSecret: {env: SCENEDIM_TARGET_SECRET}}]';
    await load(`${target}source: {accounts: ${yaml}}`, environment);
    await load(`${target}source: {accounts: {file: accounts.csv}}`, environment);
    const other = { ...environment, SCENEDIM_SOURCE_TOKENS: 'x' };
    await expect(load(`${target}source: {accounts: {file: accounts.csv}}`, other)).rejects.toThrow(
      /SCENEDIM_SOURCE_TOKENS/,
    );
  });
});
