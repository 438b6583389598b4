import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from './error-text.ts';

/**
 * Makes a directory, and those above it that are missing; one that is there is kept. The `recursive` of Node never ends where
 * the system answers ENOENT although all above is there, as `/proc` does.
 */
export async function makeDirectory(path: string, mode?: number): Promise<void> {
  const failure = await tryToMake(path, mode);
  if (failure === null) return;
  if (errorCodeOf(failure) !== 'ENOENT' || dirname(path) === path) throw failure;
  await makeDirectory(dirname(path));
  const last = await tryToMake(path, mode);
  if (last !== null) throw last;
}

/** What was in the way; null when the directory is there. */
async function tryToMake(path: string, mode?: number): Promise<unknown> {
  try {
    await mkdir(path, mode);
    return null;
  } catch (error) {
    return (await isDirectory(path)) ? null : error;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
