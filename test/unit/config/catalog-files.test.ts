import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundledCatalog } from '../../../src/catalog/scene-catalog.ts';
import { readCatalog } from '../../../src/config/catalog-files.ts';
import { ScenedimError } from '../../../src/errors.ts';

const { signal } = new AbortController();
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'scenedim-catalog-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

type Setting = 'launchScenes' | 'accessSources';

async function read(files: Partial<Record<Setting, string>>, communityMapping = false) {
  const catalog: Partial<Record<Setting, string>> & { communityMapping: boolean } = { communityMapping };
  for (const [setting, text] of Object.entries(files)) {
    writeFileSync(join(directory, `${setting}.csv`), text);
    catalog[setting as Setting] = `${setting}.csv`;
  }
  return readCatalog({ catalog, baseDirectory: directory }, signal);
}

const launchHeader = 'launch_scene,launch_scene_name,access_source_key';
const sourceHeader = 'access_source_key,access_source_name';

test('without files the catalog is the bundled one', async () => {
  expect(await read({})).toBe(bundledCatalog());
});

test('rows add to the bundled ones or win over them, and keep a name that they do not give', async () => {
  const { launchScenes, accessSources, hash } = await read({
    launchScenes: `\uFEFF${launchHeader}\r\n1011,"线下, 物料",77\r\n1012,,77\r\n1999,自有,77\r\n`,
    accessSources: `access_source_name,access_source_key,remark\n 线下\t物料 ,77,x\n别名,4,\n`,
  });
  expect(launchScenes.filter(({ mapping }) => mapping === 'own')).toEqual([
    own(1011, '线下, 物料'),
    own(1012, '长按图片识别二维码'),
    own(1999, '自有'),
  ]);
  expect(launchScenes).toHaveLength(261);
  expect(accessSources.filter(({ origin }) => origin === 'own')).toEqual([
    { accessSourceKey: '4', accessSourceName: '别名', origin: 'own' },
    { accessSourceKey: '77', accessSourceName: '线下 物料', origin: 'own' },
  ]);
  expect(accessSources).toHaveLength(62);
  expect(hash).not.toBe(bundledCatalog().hash);
});

test('communityMapping counts launch scenes under the access source that is inferred for them, unless a row says otherwise', async () => {
  const { launchScenes } = await read({ launchScenes: `${launchHeader}\n1175,,2\n` }, true);
  const counted = launchScenes.filter(({ mapping }) => mapping === 'community');
  const inferred = bundledCatalog().launchScenes.filter(({ communityAccessSourceKey: key }) => key !== null);
  expect(inferred.length).toBeGreaterThan(10);
  expect(counted.map(({ launchScene, accessSourceKey }) => [launchScene, accessSourceKey])).toEqual(
    inferred
      .filter(({ launchScene }) => launchScene !== 1175)
      .map(({ launchScene, communityAccessSourceKey }) => [launchScene, communityAccessSourceKey]),
  );
  expect(launchScenes.find(({ launchScene }) => launchScene === 1175)).toMatchObject({
    accessSourceKey: '2',
    mapping: 'own',
  });
});

test.each<[string, Setting, string, string, string, string]>([
  [
    'a column that is missing',
    'launchScenes',
    'launch_scene,launch_scene_name,access_source\n1011,x,4\n',
    'launchScenes.csv:1: the header does not name access_source_key; it has access_source',
    `start the file with the line: ${launchHeader}`,
    `${launchHeader}\n1011,x,4\n`,
  ],
  [
    'an access source among launch scenes',
    'launchScenes',
    `${launchHeader}\n1011,x,4\n4,二维码,4\n`,
    'launchScenes.csv:3: launch_scene "4" is not a number from 1000 on',
    'launch scenes begin at 1000; what getSceneList lists, as 4 or @_all, goes into catalog.accessSources',
    `${launchHeader}\n1011,x,4\n`,
  ],
  [
    'a launch scene as access source',
    'launchScenes',
    `${launchHeader}\n1012,x,1011\n`,
    'launchScenes.csv:2: access_source_key 1011 is a launch scene itself',
    'write the access source that the launch scene is counted under, as 4 or 10',
    `${launchHeader}\n1012,x,4\n`,
  ],
  [
    'no access source',
    'launchScenes',
    `${launchHeader}\n1012,x,\n`,
    'launchScenes.csv:2: access_source_key is empty',
    'name an access source, as 4 or 10',
    `${launchHeader}\n1012,x,10\n`,
  ],
  [
    'everything as access source',
    'launchScenes',
    `${launchHeader}\n1012,x,@_all\n`,
    'launchScenes.csv:2: access_source_key @_all is no single access source',
    'write the access source that the launch scene is counted under, as 4 or 10',
    `${launchHeader}\n1012,x,10\n`,
  ],
  [
    'an access source that nobody lists',
    'launchScenes',
    `${launchHeader}\n1011,x,4\n1012,x,44444\n`,
    'launchScenes.csv:3: access_source_key 44444 is not in the table access_source',
    'correct it, or add this access source with its name to the file of catalog.accessSources',
    `${launchHeader}\n1011,x,4\n1012,x,44\n`,
  ],
  [
    'a launch scene with the prefix of logs',
    'launchScenes',
    `${launchHeader}\nwx-1012,x,4\n`,
    'launchScenes.csv:2: launch_scene "wx-1012" is not digits alone',
    'write 1012',
    `${launchHeader}\n1012,x,4\n`,
  ],
  [
    'a launch scene that a spreadsheet made a fraction',
    'launchScenes',
    `${launchHeader}\n1012.0,x,4\n`,
    'launchScenes.csv:2: launch_scene "1012.0" is not digits alone',
    'write 1012',
    `${launchHeader}\n1012,x,4\n`,
  ],
  [
    'a file with semicolons, as a spreadsheet writes it',
    'launchScenes',
    `${launchHeader}\n1012,x,4\n`.replaceAll(',', ';'),
    'launchScenes.csv:1: its values are separated by semicolons',
    'save it as CSV with commas',
    `${launchHeader}\n1012,x,4\n`,
  ],
  [
    'a file with tabs',
    'accessSources',
    `${sourceHeader}\n4,a\n`.replaceAll(',', '\t'),
    'accessSources.csv:1: its values are separated by tabs',
    'save it as CSV with commas',
    `${sourceHeader}\n4,a\n`,
  ],
  [
    'a file that is empty',
    'accessSources',
    '\n',
    'accessSources.csv: the file is empty',
    `start the file with the line: ${sourceHeader}`,
    `${sourceHeader}\n`,
  ],
  [
    'a launch scene among access sources',
    'accessSources',
    `${sourceHeader}\n1011,a\n`,
    'accessSources.csv:2: access_source_key 1011 is a launch scene itself',
    'leave it out here; where it is counted is said in the file of catalog.launchScenes',
    `${sourceHeader}\n4,a\n`,
  ],
  [
    'columns that are swapped',
    'accessSources',
    `${sourceHeader}\n线下,77\n`,
    'accessSources.csv:2: the access source 线下 has a number as name: 77',
    'write the key into access_source_key and the name into access_source_name',
    `${sourceHeader}\n77,线下\n`,
  ],
  [
    'a code that is there twice',
    'accessSources',
    `${sourceHeader}\n4,a\n5,b\n4,c\n`,
    'accessSources.csv:4: 4 is listed already in line 2',
    'list every code once',
    `${sourceHeader}\n4,a\n5,b\n`,
  ],
  [
    'no name',
    'accessSources',
    `${sourceHeader}\n4,\u200b\n`,
    'accessSources.csv:2: access_source_name is empty',
    'give every access source a name',
    `${sourceHeader}\n4,a\n`,
  ],
  [
    'a key that is too long',
    'accessSources',
    `${sourceHeader}\n${'k'.repeat(257)},a\n`,
    'accessSources.csv:2: access_source_key has more than 256 characters',
    'shorten it',
    `${sourceHeader}\n${'k'.repeat(256)},a\n`,
  ],
])('%s is refused with file and line, and the remedy mends it', async (_, setting, bad, message, remedy, good) => {
  const error = await read({ [setting]: bad }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ScenedimError);
  expect(error).toMatchObject({ code: 'config_invalid', message, remedy });
  expect((await read({ [setting]: good }))[setting].length).toBeGreaterThan(50);
});

test('a file that is not there is told with its setting', async () => {
  const catalog = { launchScenes: 'none.csv', communityMapping: false };
  await expect(readCatalog({ catalog, baseDirectory: directory }, signal)).rejects.toMatchObject({
    message: 'catalog.launchScenes: none.csv does not exist',
    remedy: 'correct catalog.launchScenes; it is relative to the config file',
  });
});

function own(launchScene: number, launchSceneName: string) {
  return { launchScene, launchSceneName, accessSourceKey: '77', mapping: 'own', communityAccessSourceKey: null };
}
