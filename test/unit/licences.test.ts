/** What comes to users has a licence that was decided on: the packages of the bundle, and those that npm installs beside it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { packagesInCommandLine } from '../../config/build.ts';
import { assertLicence, bundledPackages } from '../../config/third-party-notices.ts';

interface LockedPackage {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

test('every package that is installed with scenedim has one', async () => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8'));
  const installed = Object.entries<LockedPackage>(packages).filter(
    ([folder, { dev, devOptional }]) => folder !== '' && dev !== true && devOptional !== true,
  );
  expect(installed.length).toBeGreaterThan(50);
  for (const [name, about] of installed) assertLicence({ ...about, name });
});

test('every package in the bundle has one', async () => {
  expect((await packagesInCommandLine()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['pg', 'pino', 'zod']),
  );
});

describe('another licence', () => {
  test('of a package in the bundle fails the build', async () => {
    const root = await mkdtemp(join(tmpdir(), 'scenedim-licences-'));
    await using _ = { [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
    const bundleWith = async (license: string) => {
      const folder = join(root, 'node_modules/@someone/planted');
      await mkdir(folder, { recursive: true });
      const about = { name: '@someone/planted', version: '1.2.3', license };
      await writeFile(join(folder, 'package.json'), JSON.stringify(about));
      const inputs = {
        'node_modules/@someone/planted/lib/index.js': { bytesInOutput: 1 },
        'src/cli.ts': { bytesInOutput: 1 },
      };
      return bundledPackages(root, { outputs: { 'cli.js': { inputs } } } as unknown as Metafile);
    };
    expect(await bundleWith('MIT')).toMatchObject([
      { name: '@someone/planted', folder: 'node_modules/@someone/planted' },
    ]);
    await expect(bundleWith('GPL-3.0-only')).rejects.toThrow('@someone/planted 1.2.3 has the licence GPL-3.0-only');
  });

  test.each([
    'AGPL-3.0-only',
    'MIT AND GPL-3.0-only',
    '(GPL-2.0-only OR MPL-2.0)',
    'SEE LICENSE IN LICENSE',
    '',
    undefined,
  ])('is refused: %s', (license) => {
    const about = { name: 'planted', version: '1.0.0', ...(license !== undefined && { license }) };
    expect(() => assertLicence(about)).toThrow('allows Apache-2.0, BSD-3-Clause, ISC, MIT');
  });

  test.each(['MIT', '(MIT OR GPL-3.0-or-later)', 'Apache-2.0 OR MPL-2.0'])('is not: %s', (license) => {
    assertLicence({ name: 'planted', version: '1.0.0', license });
  });
});
