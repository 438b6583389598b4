/**
 * Builds `dist`. The command line is a bundle, split by command, with everything inside but PGlite; what a library user
 * imports is one too, with every dependency outside; the types are made by `tsc`.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { type BundledPackage, bundledPackages, thirdPartyNotices } from './third-party-notices.ts';

const root = new URL('..', import.meta.url).pathname;
const dist = join(root, 'dist');
const notices = 'THIRD-PARTY-NOTICES';

/** PGlite finds its WebAssembly and data (27 MB) beside its code, and the library needs the package anyway. */
export const outsideOfCommandLine: readonly string[] = ['@electric-sql/pglite'];
/** Asked for by `pg` where somebody installed it. */
const optional = ['pg-native'];

/** Builds `dist` beside the old one, which it replaces when it is complete; without `types` only what runs. */
async function buildDist({ types }: { readonly types: boolean }): Promise<void> {
  const folder = await mkdtemp(join(root, 'node_modules/.scenedim-dist-'));
  try {
    const commandLine = await bundleCommandLine(folder, { write: true });
    const library = await bundle(folder, ['src/index.ts', 'src/testing.ts'], {
      chunkNames: 'lib/[name]-[hash]',
      packages: 'external',
    });
    const outside = new Set([...packagesOutside(commandLine), ...packagesOutside(library)]);
    await assertDependencies(outside);
    if (types) {
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      execFileSync(process.execPath, [tsc, '-p', join(root, 'config/tsconfig.build.json'), '--outDir', folder], {
        stdio: 'inherit',
      });
    }
    const packages = await bundledPackages(root, commandLine);
    await writeFile(join(folder, notices), await thirdPartyNotices(root, packages));
    await chmod(join(folder, 'cli.js'), 0o755);
    await chmod(folder, 0o755);
    await replaceDist(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two renames, so that somebody who runs the old build at this moment is hardly disturbed. */
async function replaceDist(folder: string): Promise<void> {
  const old = `${folder}-old`;
  await rename(dist, old).catch(ignore('ENOENT'));
  // Where another process has built at the same time and was faster, its build stays.
  await rename(folder, dist).catch(ignore('ENOTEMPTY'));
  await rm(old, { recursive: true, force: true });
}

function ignore(code: string): (error: NodeJS.ErrnoException) => void {
  return (error) => {
    if (error.code !== code) throw error;
  };
}

/** Builds what runs of `dist` when something that it is made of is newer. */
export async function buildWhenStale(): Promise<void> {
  const built = await stat(join(dist, notices)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const files = ['src', 'config'].map(async (name) =>
    (await readdir(join(root, name), { recursive: true })).map((file) => join(root, name, file)),
  );
  const sources = [...(await Promise.all(files)).flat(), join(root, 'package.json'), join(root, 'package-lock.json')];
  const changed = await Promise.all(sources.map(async (file) => (await stat(file)).mtimeMs));
  if (Math.max(...changed) > built) await buildDist({ types: false });
}

/** The packages whose code is in the command line's bundle. Writes nothing. */
export async function packagesInCommandLine(): Promise<readonly BundledPackage[]> {
  return bundledPackages(root, await bundleCommandLine(dist, { write: false }));
}

function bundleCommandLine(folder: string, { write }: { readonly write: boolean }): Promise<Metafile> {
  return bundle(folder, ['src/cli.ts'], {
    chunkNames: 'cli/[name]-[hash]',
    external: [...outsideOfCommandLine, ...optional],
    plugins: [requiredBuiltins, namesOfPackages],
    write,
  });
}

async function bundle(folder: string, entryPoints: readonly string[], options: BuildOptions): Promise<Metafile> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [...entryPoints],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24.12',
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    ...options,
    metafile: true,
  });
  return result.metafile;
}

/**
 * A package in CommonJS `require`s what Node brings; a bundle of ES modules has no `require`. What is imported is taken in the
 * same way, because an import of `node:crypto` makes all that it exports, Web Crypto included.
 */
const requiredBuiltins: Plugin = {
  name: 'required-builtins',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:node:)?(?:${builtinModules.join('|')})$`);
    onResolve({ filter }, ({ kind, path }) =>
      kind === 'require-call' || kind === 'import-statement' ? { path, namespace: 'required-builtin' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'required-builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/** A package in CommonJS that is imported on demand keeps the names that it has in Node; esbuild would leave `default` only. */
const namesOfPackages: Plugin = {
  name: 'names-of-packages',
  setup({ onLoad, onResolve, resolve }) {
    const namespace = 'names-of-package';
    onResolve({ filter: /^[^./]/ }, async ({ importer, kind, path, pluginData, resolveDir }) => {
      if (kind !== 'dynamic-import' || pluginData === namespace) return undefined;
      const found = await resolve(path, { importer, kind, resolveDir, pluginData: namespace });
      return found.external || found.errors.length > 0 ? found : { path: found.path, namespace };
    });
    onLoad({ filter: /./, namespace }, async ({ path }) => {
      const names = Object.keys((await import(path)) as object).filter((name) => /^\w+$/.test(name));
      return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir: dirname(path) };
    });
  },
};

function packagesOutside({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs)
    .flatMap(({ imports }) => imports.filter(({ external }) => external === true).map(({ path }) => path))
    .filter((path) => !path.startsWith('node:') && !builtinModules.includes(path))
    .map((path) => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? path);
}

/** The package must install what its code imports, and nothing else. */
async function assertDependencies(imported: ReadonlySet<string>): Promise<void> {
  const { dependencies, peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
    'dependencies' | 'peerDependencies',
    Readonly<Record<string, string>>
  >;
  const installed = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const missing = imported.difference(installed).difference(new Set(optional));
  const superfluous = installed.difference(imported);
  if (missing.size > 0) throw new Error(`package.json lacks the dependencies ${[...missing].join(', ')}`);
  if (superfluous.size > 0) {
    throw new Error(`only development needs ${[...superfluous].join(', ')}: move to devDependencies in package.json`);
  }
}

if (import.meta.main) await buildDist({ types: true });
