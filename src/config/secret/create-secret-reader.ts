import { resolve } from 'node:path';
import { ScenedimError } from '../../errors.ts';
import type { HttpClient } from '../../extract/http-client.ts';
import type { SecretReader } from '../../extract/scene-source.ts';
import { TimeLimitReached, withTimeLimit } from '../../extract/time-limit.ts';
import { describeUnreadable, readText } from '../../text-file.ts';
import { formatDuration } from '../duration.ts';
import type { Environment } from '../interpolate.ts';
import { memberAt } from './json-pointer.ts';
import { readCommand } from './read-command.ts';
import { readUrl } from './read-url.ts';
import { DEFAULT_TIMEOUT_MS, type SecretReference } from './secret-reference.ts';

export interface SecretContext {
  /** Relative files start from here, and programs run here. */
  readonly baseDirectory: string;
  readonly environment: Environment;
  /** Asks for what is kept behind a URL. */
  readonly http: HttpClient;
  /** Told each secret of a header before it is sent, so that it can be redacted. */
  readonly onSecret: (secret: string) => void;
}

/**
 * A reader for one secret; `{appId}` in a file, command or url stands for `appId`, in those of a header as well. One trailing
 * newline is stripped, since editors and `echo` add it. A secret that is missing, empty or refused is `config_invalid`, one
 * that does not come in time, or whose host does not answer, `source_unreachable`. Errors name the variable, file, program or
 * host, and hold nothing of what was read.
 */
export function createSecretReader(reference: SecretReference, context: SecretContext, appId?: string): SecretReader {
  const place = describePlace(reference, context, appId);
  const limitMs = reference.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return async (signal) => {
    try {
      const text = await withTimeLimit(signal, limitMs, (limited) => readPlace(reference, context, appId, limited));
      return secretIn(text.replace(/\r?\n$/, ''), reference, place);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TimeLimitReached)) throw error;
      throw new ScenedimError('source_unreachable', `${place} gave nothing within ${formatDuration(limitMs)}`, {
        remedy: 'see why it takes so long, or give it more time: timeout: 30s',
        cause: error,
      });
    }
  };
}

async function readPlace(
  reference: SecretReference,
  context: SecretContext,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  if ('env' in reference) return readEnvironment(reference.env, context);
  if ('file' in reference) return readFile(pathOf(reference.file, context, appId), signal);
  if ('command' in reference) {
    const command = reference.command.map((word) => withAppId(word, appId));
    return readCommand(command, context, signal);
  }
  const url = urlOf(reference.url, appId);
  return readUrl(url, await readHeaders(reference.headers ?? {}, context, appId, signal), context.http, signal);
}

async function readHeaders(
  headers: Readonly<Record<string, string | SecretReference>>,
  context: SecretContext,
  appId: string | undefined,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') read[name] = value;
    else {
      const secret = await createSecretReader(value, context, appId)(signal);
      context.onSecret(secret);
      read[name] = secret;
    }
  }
  return read;
}

function readEnvironment(name: string, { environment }: SecretContext): string {
  const value = environment[name];
  if (value !== undefined) return value;
  throw new ScenedimError('config_invalid', `environment variable ${name} is not set`, { remedy: setIt(name) });
}

async function readFile(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readText(path, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    const { why, remedy } = describeUnreadable(cause, 'mount the secret there, or correct the path in the config');
    throw new ScenedimError('config_invalid', `file ${path} ${why}`, { remedy, cause });
  }
}

function secretIn(text: string, reference: SecretReference, place: string): string {
  const secret = reference.pointer === undefined ? text : memberOf(text, reference.pointer, place);
  if (secret !== '') return secret;
  const remedy = 'env' in reference ? setIt(reference.env) : 'put the secret there';
  throw new ScenedimError('config_invalid', `${place} is empty`, { remedy });
}

function memberOf(text: string, pointer: string, place: string): string {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw refused(`${place} holds no JSON text, but pointer: ${pointer} asks for a member of one`);
  }
  const member = memberAt(json, pointer);
  if (typeof member === 'string') return member;
  const found = member === undefined || member === null ? 'has no member' : 'has something else than a text at';
  throw refused(`the JSON of ${place} ${found} ${pointer}`);
}

function refused(message: string): ScenedimError {
  return new ScenedimError('config_invalid', message, { remedy: 'look at what it holds, and correct pointer' });
}

function setIt(name: string): string {
  return `set ${name} for the process that runs scenedim`;
}

function describePlace(reference: SecretReference, context: SecretContext, appId: string | undefined): string {
  if ('env' in reference) return `environment variable ${reference.env}`;
  if ('file' in reference) return `file ${resolve(context.baseDirectory, withAppId(reference.file, appId))}`;
  if ('command' in reference) return `the command ${reference.command[0]}`;
  return `the answer of ${new URL(reference.url).host}`;
}

/** An app id comes from a list that others may write, so it names no other folder. */
function pathOf(file: string, { baseDirectory }: SecretContext, appId: string | undefined): string {
  if (file.includes(PLACEHOLDER) && appId !== undefined && (/[/\\]/.test(appId) || isDots(appId))) {
    throw unusableAppId(appId, `the file name ${file}`);
  }
  return resolve(baseDirectory, withAppId(file, appId));
}

/** As of a file: percent-encoding leaves dots alone, and a path takes them for a folder. */
function urlOf(url: string, appId: string | undefined): string {
  if (appId === undefined) return url;
  if (url.includes(PLACEHOLDER) && isDots(appId)) {
    throw unusableAppId(appId, 'a url');
  }
  return withAppId(url, encodeURIComponent(appId));
}

function unusableAppId(appId: string, place: string): ScenedimError {
  return new ScenedimError('config_invalid', `the app id ${appId} cannot be a part of ${place}`, {
    remedy: 'correct the app id, or say where the secret of this account is without {appId}',
  });
}

function isDots(appId: string): boolean {
  return /^\.*$/.test(appId);
}

const PLACEHOLDER = '{appId}';

/** True when the secret is another one for each account. */
export function hasPlaceholder(reference: SecretReference): boolean {
  if ('env' in reference) return false;
  if ('file' in reference) return reference.file.includes(PLACEHOLDER);
  if ('command' in reference) return reference.command.some((word) => word.includes(PLACEHOLDER));
  const { url, headers = {} } = reference;
  const isOfAccount = (value: string | SecretReference) => typeof value !== 'string' && hasPlaceholder(value);
  return url.includes(PLACEHOLDER) || Object.values(headers).some(isOfAccount);
}

function withAppId(text: string, appId: string | undefined): string {
  return appId === undefined ? text : text.replaceAll(PLACEHOLDER, () => appId);
}
