/** The text of a file of refresh tokens, and how it gets onto the disk. */
import { lstat, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { compareCodePoints } from '../../compare-code-points.ts';
import { errorCodeOf, messageOf, reasonOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import { readText, UnusableText } from '../../text-file.ts';

/** How many characters one write has. */
const CHUNK = 256 * 1_024;
/** SQLite's code for a full disk: the lock is a SQLite file, and made before the file of tokens. */
const SQLITE_FULL = 13;
const OWNER_ONLY = 0o600;
/** Enough for a million accounts. */
const MAX_BYTES = 512 * 1_048_576;

const remedies: Readonly<Record<string, string>> = {
  ENOENT: 'make the directory first',
  ENOSPC: 'make room on the disk',
  EBUSY: 'a file that is mounted alone cannot be replaced: mount its directory',
};
const otherwise = 'let this user read the file, and write in its directory, where each new content is a new file';

/** An error of the file system as `file_unusable`; any other as it is. */
export function asFileError(path: string, cause: unknown): unknown {
  if (cause instanceof ScenedimError || !(cause instanceof Error)) return cause;
  if (cause instanceof UnusableText) return damaged(path, cause.message, cause);
  const reason = 'errcode' in cause && cause.errcode === SQLITE_FULL ? 'ENOSPC' : reasonOf(cause);
  return new ScenedimError('file_unusable', `${path} cannot be used for refresh tokens (${reason})`, {
    remedy: remedies[reason] ?? otherwise,
    cause,
  });
}

function damaged(path: string, why: string, cause?: unknown): ScenedimError {
  return new ScenedimError('file_unusable', `${path} ${why}`, {
    remedy: 'correct it, or put a copy of it back: an object of app ids and refresh tokens, like {"wx1": "…"}',
    cause,
  });
}

/** The tokens by app id, in the order of the accounts; none when there is no file. */
export async function readTokens(path: string, signal: AbortSignal): Promise<Map<string, string>> {
  const text = await readText(path, { maxBytes: MAX_BYTES, signal }).catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw error;
  });
  return text === null ? new Map() : inOrder(parseTokens(path, text));
}

/** Throws `file_unusable` without the message of the parser, which would quote secrets. */
function parseTokens(path: string, text: string): Map<string, string> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw damaged(path, text.trim() === '' ? 'is empty' : 'is not JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw damaged(path, 'is not a JSON object');
  }
  const tokens = new Map<string, string>();
  for (const [appId, token] of Object.entries(document)) {
    if (typeof token !== 'string' || token === '') {
      throw damaged(path, `has no text for ${JSON.stringify(appId)}`);
    }
    tokens.set(appId, token);
  }
  return tokens;
}

/**
 * The tokens with those of `changed`, in the order of the app ids; the same map when no account is
 * new.
 */
export function withTokens(tokens: Map<string, string>, changed: ReadonlyMap<string, string>): Map<string, string> {
  if (changed.keys().every((appId) => tokens.has(appId))) return tokens;
  return inOrder(new Map([...tokens, ...changed]));
}

function inOrder(tokens: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...tokens].sort(([a], [b]) => compareCodePoints(a, b)));
}

/**
 * The text of a file: one account a line, in the order of the map, so that people can read and
 * compare it.
 */
export function* formatTokens(
  tokens: ReadonlyMap<string, string>,
  changed: ReadonlyMap<string, string>,
): Generator<string> {
  let text = '{';
  let comma = '';
  for (const [appId, token] of tokens) {
    text += `${comma}\n  ${JSON.stringify(appId)}: ${JSON.stringify(changed.get(appId) ?? token)}`;
    comma = ',';
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  yield `${text}\n}\n`;
}

/**
 * Replaces a file, which must not be a link: a reader sees the old content or the new one. Content
 * and name are on the disk when this resolves. Only one process may do it at a time; the temporary
 * file of one that was killed is deleted.
 */
export async function replaceFile(path: string, chunks: Iterable<string>): Promise<void> {
  const temporary = `${path}.tmp`;
  await rm(temporary, { force: true });
  try {
    {
      await using file = await open(temporary, 'wx', OWNER_ONLY);
      for (const chunk of chunks) await file.writeFile(chunk);
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await using directory = await open(dirname(path));
  await directory.sync().catch((error: unknown) => {
    // Some network file systems cannot sync a directory.
    if (!['EINVAL', 'ENOTSUP'].includes(errorCodeOf(error) ?? '')) throw error;
  });
}

/** The path that a chain of at most 40 links leads to, which need not exist yet. */
export async function followLinks(path: string, links = 0): Promise<string> {
  const entry = await lstat(path).catch(noneWhenMissing);
  if (entry?.isSymbolicLink() !== true || links > 40) return path;
  return followLinks(resolve(dirname(path), await readlink(path)), links + 1);
}

/**
 * True when users other than the owner have any right to the file. The next write takes it from
 * them.
 */
export async function isOpenToOthers(path: string): Promise<boolean> {
  const found = await stat(path).catch(noneWhenMissing);
  return found !== null && (found.mode & 0o077) !== 0;
}

function noneWhenMissing(error: unknown): null {
  if (errorCodeOf(error) === 'ENOENT') return null;
  throw error instanceof Error ? error : new Error(messageOf(error));
}
