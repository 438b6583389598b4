import { resolve } from 'node:path';
import { ScenedimError } from '../errors.ts';
import type { SecretReader } from '../extract/scene-source.ts';
import { describeUnreadable, readText } from '../text-file.ts';
import type { Environment } from './interpolate.ts';

/** Where a secret is kept: a variable of the environment, or a file. Never the value itself. */
export type SecretReference = { readonly env: string } | { readonly file: string };

export interface SecretContext {
  /** Relative files start from here. */
  readonly baseDirectory: string;
  readonly environment: Environment;
}

/**
 * A reader for one secret. One trailing newline is stripped, since editors and `echo` add it.
 * Missing or empty is `config_invalid`, naming the variable or file.
 */
export function createSecretReader(reference: SecretReference, context: SecretContext): SecretReader {
  return async (signal) =>
    'env' in reference ? fromEnvironment(reference.env, context) : await fromFile(reference.file, context, signal);
}

function fromEnvironment(name: string, context: SecretContext): string {
  const value = context.environment[name];
  if (value === undefined || value.replace(/\r?\n$/, '') === '') {
    const state = value === undefined ? 'not set' : 'empty';
    throw new ScenedimError('config_invalid', `environment variable ${name} is ${state}`, {
      remedy: `set ${name} for the process that runs scenedim`,
    });
  }
  return value.replace(/\r?\n$/, '');
}

async function fromFile(file: string, context: SecretContext, signal: AbortSignal): Promise<string> {
  const path = resolve(context.baseDirectory, file);
  let value: string;
  try {
    value = (await readText(path, { signal })).replace(/\r?\n$/, '');
  } catch (cause) {
    signal.throwIfAborted();
    const { why, remedy } = describeUnreadable(cause, 'mount the secret there, or correct the path in the config');
    throw new ScenedimError('config_invalid', `file ${path} ${why}`, { remedy, cause });
  }
  if (value === '') {
    throw new ScenedimError('config_invalid', `file ${path} is empty`, {
      remedy: 'write the secret into it',
    });
  }
  return value;
}
