import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ScenedimError } from '../errors.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import { type ConfigDocument, parseConfigDocument } from './config-document.ts';
import { type ConfigPath, formatPath, valueAt } from './config-path.ts';
import type { ParsedConfig } from './config-schema.ts';
import type { Environment } from './interpolate.ts';
import { variablesOfAccountsFile } from './roster/accounts-file.ts';
import { type Setting, settingsFromEnvironment, unknownVariables } from './setting-variables.ts';
import { validateConfig } from './validate-config.ts';

/** Looked for in this order when neither `--config` nor `SCENEDIM_CONFIG` names a file. */
export const defaultConfigFiles = ['scenedim.yaml', 'config/scenedim.yaml'] as const;

/** A list of 100,000 accounts has some 10 MB. */
const MAX_CONFIG_BYTES = 64 * 1_048_576;

/** A config, checked and complete, and where it came from. */
export interface Config extends ParsedConfig {
  /** As given or found; for messages. */
  readonly file: string;
  /** Directory of the file, absolute: relative paths in the config start here. */
  readonly baseDirectory: string;
  /** Where a setting comes from: `FILE:LINE:COLUMN`, a variable or a flag. Absent of a config that no file gave. */
  readonly placeOf?: (path: ConfigPath) => string;
}

export interface LoadConfigOptions {
  /** `--config`; wins over `SCENEDIM_CONFIG`. */
  readonly file?: string | undefined;
  readonly workingDirectory: string;
  readonly environment: Environment;
  /** Settings made by flags; they win over the environment, which wins over the file. */
  readonly settings?: readonly Setting[];
  /** Ends the wait for a config that comes through a pipe. Default: nothing does. */
  readonly signal?: AbortSignal;
}

/**
 * Finds, reads, completes and checks the config. Anything wrong is `config_invalid` with file, line
 * and column; a file that exists but cannot be read is `file_unusable`.
 */
export async function loadConfig(options: LoadConfigOptions): Promise<Config> {
  const { environment, workingDirectory } = options;
  const file = findConfigFile(options);
  const path = resolve(workingDirectory, file);
  const document = parseConfigDocument(await readConfig(file, path, options.signal), file, environment);
  const known = new Set([...document.variables, ...secretVariables(document)]);
  let unknown = unknownVariables(environment, known);
  const accounts: unknown = valueAt(document.values, ['source', 'accounts', 'file']);
  if (unknown.length > 0 && typeof accounts === 'string') {
    const { signal = new AbortController().signal } = options;
    const named = await variablesOfAccountsFile(resolve(dirname(path), accounts), signal);
    unknown = unknownVariables(environment, new Set([...known, ...named]));
  }
  if (unknown.length > 0) {
    throw new ScenedimError('config_invalid', unknown.join('\n'), {
      remedy: 'correct the name, or unset the variable',
    });
  }
  const settings = [...settingsFromEnvironment(environment), ...(options.settings ?? [])];
  const placeOf = (path: ConfigPath): string => {
    const isIt = (setting: Setting) => setting.value !== undefined && formatPath(setting.path) === formatPath(path);
    return settings.findLast(isIt)?.origin ?? document.locate(path);
  };
  return { ...validateConfig(document, settings), file, baseDirectory: dirname(path), placeOf };
}

/** Whether `--config` or `SCENEDIM_CONFIG` names a config, or one is where {@link loadConfig} looks. */
export function hasConfig({ file, environment, workingDirectory }: LoadConfigOptions): boolean {
  if (file !== undefined || environment['SCENEDIM_CONFIG']) return true;
  return defaultConfigFiles.some((candidate) => existsSync(resolve(workingDirectory, candidate)));
}

function findConfigFile({ file, environment, workingDirectory }: LoadConfigOptions): string {
  const named = file ?? (environment['SCENEDIM_CONFIG'] || undefined);
  const remedy = 'run `scenedim init` to write one, or name one with --config FILE';
  if (named !== undefined) {
    if (!existsSync(resolve(workingDirectory, named))) {
      throw new ScenedimError('config_invalid', `config file ${named} does not exist`, { remedy });
    }
    return named;
  }
  const found = defaultConfigFiles.find((candidate) => existsSync(resolve(workingDirectory, candidate)));
  if (found !== undefined) return found;
  const message = `no config: neither ${defaultConfigFiles.join(' nor ')} exists here`;
  const misnamed = defaultConfigFiles
    .map((candidate) => candidate.replace(/yaml$/, 'yml'))
    .find((candidate) => existsSync(resolve(workingDirectory, candidate)));
  if (misnamed === undefined) throw new ScenedimError('config_invalid', message, { remedy });
  throw new ScenedimError('config_invalid', `${message}, but ${misnamed} does`, {
    remedy: `rename it to ${misnamed.replace(/yml$/, 'yaml')}, or name it: --config ${misnamed}`,
  });
}

async function readConfig(file: string, path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await readText(path, { signal, maxBytes: MAX_CONFIG_BYTES });
  } catch (cause) {
    signal?.throwIfAborted();
    const { why, remedy } = describeUnreadable(cause, 'check that it is a file and may be read');
    throw new ScenedimError('file_unusable', `config file ${file} ${why}`, { remedy, cause });
  }
}

/** Names in `{ env: NAME }` anywhere in the document: they may start with SCENEDIM_ without being settings. */
function secretVariables(document: ConfigDocument): readonly string[] {
  const names: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'env' && typeof inner === 'string') names.push(inner);
      else walk(inner);
    }
  };
  walk(document.values);
  return names;
}
