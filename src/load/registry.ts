import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { messageOf } from '../error-text.ts';
import { isScenedimError, ScenedimError } from '../errors.ts';
import type { Loader } from './loader.ts';
import type { LoaderContext, LoaderFactory } from './loader-factory.ts';

/**
 * Makes the loader of a `target` section; `config_invalid` when the section, or the package that the
 * section names, is not usable. Without a context relative paths start from the working directory, and
 * a target that is in use is not waited for.
 */
export async function createLoader(section: TargetSection, context: Partial<LoaderContext> = {}): Promise<Loader> {
  const {
    baseDirectory = process.cwd(),
    openTimeoutMs = 0,
    mayMake = true,
    signal = new AbortController().signal,
    onRetry = () => {},
    onSecret = () => {},
  } = context;
  const factory = await loaderFactory(section.type, baseDirectory);
  return factory.create(parseWith(factory, section), {
    baseDirectory,
    openTimeoutMs,
    mayMake,
    signal,
    onRetry,
    onSecret,
  });
}

/** The `target` section as far as everybody knows it; the rest is for the loader that `type` names. */
export interface TargetSection {
  /** A built-in kind, or the package (or `./file.js` beside the config) of somebody else's loader. */
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Loaded when that target is used and not before: a driver costs more time than a small run. */
const builtIn: Readonly<Record<string, () => Promise<LoaderFactory>>> = {
  pglite: async () => (await import('./pglite/pglite-loader.ts')).pgliteLoaderFactory as LoaderFactory,
  postgres: async () => (await import('./postgres/postgres-loader.ts')).postgresLoaderFactory as LoaderFactory,
  bigquery: async () => (await import('./bigquery/bigquery-loader.ts')).bigqueryLoaderFactory as LoaderFactory,
  memory: async () => (await import('./memory/memory-loader.ts')).memoryLoaderFactory as LoaderFactory,
};

/** The built-in values of `target.type` for people; `memory`, which forgets everything, is for tests. */
export const builtInTargetTypes = ['pglite', 'postgres', 'bigquery'] as const;

/** Checks a `target` section without opening anything; returns the config that its loader makes of it. */
export async function parseTargetSection(section: TargetSection, baseDirectory: string): Promise<unknown> {
  return parseWith(await loaderFactory(section.type, baseDirectory), section);
}

function parseWith(factory: LoaderFactory, section: TargetSection): unknown {
  try {
    return factory.parseConfig(section);
  } catch (error) {
    if (isScenedimError(error)) throw error;
    throw new ScenedimError('config_invalid', `target: ${messageOf(error)}`, { cause: error });
  }
}

async function loaderFactory(type: string, baseDirectory: string): Promise<LoaderFactory> {
  const own = Object.hasOwn(builtIn, type) ? builtIn[type] : undefined;
  if (own !== undefined) return own();
  return foreignFactory(type, baseDirectory);
}

async function foreignFactory(type: string, baseDirectory: string): Promise<LoaderFactory> {
  const module = await importFrom(type, baseDirectory);
  const factory = 'loaderFactory' in module ? module.loaderFactory : undefined;
  if (isLoaderFactory(factory)) return factory;
  throw new ScenedimError(
    'config_invalid',
    `target.type: "${type}" exports no loaderFactory with parseConfig and create`,
    {
      remedy: `use ${builtInTargetTypes.join(', ')} or a package that exports a LoaderFactory as loaderFactory`,
    },
  );
}

async function importFrom(type: string, baseDirectory: string): Promise<object> {
  let url = '';
  try {
    url = resolveFrom(type, baseDirectory);
    return (await import(url)) as object;
  } catch (cause) {
    const what = `target.type: "${type}" cannot be loaded`;
    if (url.startsWith('file:') && !existsSync(fileURLToPath(url))) {
      const remedy = 'correct the path, which starts from the folder of the config';
      throw new ScenedimError('config_invalid', `${what}: there is no file ${fileURLToPath(url)}`, { remedy, cause });
    }
    const why = messageOf(cause).replace(` imported from ${fileURLToPath(import.meta.url)}`, '');
    const remedy = `use ${builtInTargetTypes.join(', ')}, or install the package beside the config`;
    throw new ScenedimError('config_invalid', `${what}: ${why}`, { remedy, cause });
  }
}

/**
 * Where an import in the config's directory would find the package. Node resolves imports only for the
 * module that asks, and `require.resolve` does not see packages for import only. So a resolve hook,
 * active for this one call, resolves the package from the config's directory.
 */
function resolveFrom(type: string, baseDirectory: string): string {
  const parentURL = pathToFileURL(join(resolve(baseDirectory), 'scenedim.yaml')).href;
  const specifier = isAbsolute(type) ? pathToFileURL(type).href : type;
  const probe = `scenedim:${parentURL}#${specifier}`;
  const hooks = registerHooks({
    resolve: (asked, context, next) =>
      asked === probe ? next(specifier, { ...context, parentURL }) : next(asked, context),
  });
  try {
    return import.meta.resolve(probe);
  } finally {
    hooks.deregister();
  }
}

function isLoaderFactory(value: unknown): value is LoaderFactory {
  return (
    typeof value === 'object' &&
    value !== null &&
    'parseConfig' in value &&
    typeof value.parseConfig === 'function' &&
    'create' in value &&
    typeof value.create === 'function'
  );
}
