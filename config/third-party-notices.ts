/** The licences of the packages whose code is in a bundle, as their conditions ask for. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Under what packages may come to users. Another licence is a decision: what does it ask of them? */
const allowedLicences: readonly string[] = ['Apache-2.0', 'BSD-3-Clause', 'ISC', 'MIT'];

/** A package whose code is in a bundle. */
export interface BundledPackage {
  /** From the root of the project. */
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string | { readonly name: string };
}

/** Every package whose code is in the bundle; fails when one has a licence that is not allowed. */
export async function bundledPackages(root: string, { outputs }: Metafile): Promise<readonly BundledPackage[]> {
  const folders = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^(?!\w[\w-]*:).*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder);
    }
  }
  return Promise.all(
    [...folders].map(async (folder) => {
      const about = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
      assertLicence(about);
      return { ...about, folder };
    }),
  );
}

/** Takes an SPDX expression of one licence, or of a choice (`MIT OR GPL-2.0-only`) in which one is allowed. */
export function assertLicence({ name, version, license }: Pick<BundledPackage, 'name' | 'version' | 'license'>): void {
  const choice = license?.replace(/^\((.*)\)$/, '$1').split(' OR ') ?? [];
  if (choice.some((licence) => allowedLicences.includes(licence))) return;
  const allowed = allowedLicences.join(', ');
  throw new Error(
    `${name} ${version} has the licence ${license ?? '(none)'}: config/third-party-notices.ts allows ${allowed}`,
  );
}

/** The licences of all packages whose code is in the bundle; fails when one has no text. */
export async function thirdPartyNotices(root: string, packages: readonly BundledPackage[]): Promise<string> {
  const sections = await Promise.all(packages.map((each) => section(root, each)));
  return [
    'The command line of scenedim, dist/cli.js and dist/cli/, contains code of these packages.\n',
    ...sections.sort(),
  ].join(`\n${'-'.repeat(80)}\n\n`);
}

async function section(root: string, about: BundledPackage): Promise<string> {
  const texts = await licenceTexts(join(root, about.folder), about);
  if (texts.length === 0) throw new Error(`${about.name} ${about.version} is in the bundle and has no licence text`);
  return `${about.name} ${about.version} (${about.license})\n\n${texts.join('\n\n')}\n`;
}

/** The licence files of a package, else the licence in its readme, else the text of the licence that package.json names. */
async function licenceTexts(folder: string, about: BundledPackage): Promise<readonly string[]> {
  const names = await readdir(folder);
  const read = async (name: string): Promise<string> =>
    (await readFile(join(folder, name), 'utf8')).replaceAll('\r', '').trim();
  const files = names.filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).sort();
  if (files.length > 0) return Promise.all(files.map(read));
  const readme = names.find((name) => /^readme/i.test(name));
  const licence =
    readme === undefined ? undefined : /\n(?:#+ *licen[cs]e|licen[cs]e\n-+)[\s\S]*/i.exec(await read(readme))?.[0];
  if (licence?.includes('Permission is hereby granted')) return [licence.trim()];
  const author = typeof about.author === 'string' ? about.author : about.author?.name;
  return about.license === 'MIT' && author !== undefined ? [mit(author)] : [];
}

const mit = (author: string): string => `Copyright (c) ${author}

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy,
modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
