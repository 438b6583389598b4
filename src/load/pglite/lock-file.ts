import { randomUUID } from 'node:crypto';
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { errorCodeOf } from '../../error-text.ts';
import { isProvablyDead, ownIdentity, type ProcessIdentity } from './process-identity.ts';

/** A lock file that this process holds; disposing removes it. */
export type LockFile = AsyncDisposable;

/** Who holds a lock file; null when the file does not say (half written, or made by somebody else). */
export interface LockFileHeld {
  readonly holder: ProcessIdentity | null;
}

/**
 * Tries once to hold the file. A holder that is provably dead is replaced by renaming over it, which only the holder of
 * `<file>.takeover` may do, and only while the dead one's text is still there: two that find the same dead holder cannot both
 * replace it. That second file is a lock file like the first, so a death in the middle of a takeover is survived too.
 */
export async function tryLockFile(file: string): Promise<LockFile | LockFileHeld> {
  const own = JSON.stringify({ ...ownIdentity(), token: randomUUID() });
  if (await create(file, own)) return held(file, own);
  const found = await readText(file);
  if (found === null) return tryLockFile(file);
  const holder = parseHolder(found);
  if (holder === null || !isProvablyDead(holder)) return { holder };
  const guard = await tryLockFile(`${file}.takeover`);
  if (!(Symbol.asyncDispose in guard)) return { holder };
  await using _guard = guard;
  if ((await readText(file)) !== found) return { holder };
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, own);
  await rename(temporary, file);
  return held(file, own);
}

function held(file: string, own: string): LockFile {
  return {
    [Symbol.asyncDispose]: async () => {
      if ((await readText(file)) === own) await rm(file, { force: true });
    },
  };
}

/** Makes the file with its text in one step, so that nobody ever reads half of it. False when it is there already. */
async function create(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, text);
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV'].includes(codeOf(error))) throw error;
    return await createWithoutLinks(file, text);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** For file systems without hard links. */
async function createWithoutLinks(file: string, text: string): Promise<boolean> {
  try {
    await using handle = await open(file, 'wx');
    await handle.writeFile(text);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function parseHolder(text: string): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text);
    return isIdentity(value) ? value : null;
  } catch {
    return null;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, host, processStart, pidNamespace } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
  const textOrNull = (part: unknown) => part === null || typeof part === 'string';
  return (
    Number.isInteger(pid) &&
    Number(pid) > 0 &&
    typeof host === 'string' &&
    textOrNull(processStart) &&
    textOrNull(pidNamespace)
  );
}

function codeOf(error: unknown): string {
  return errorCodeOf(error) ?? '';
}
