import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf, messageOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';

const faults = {
  full: { message: 'no space is left on the disk', remedy: 'make room on the disk of target.path, then run again' },
  denied: { message: 'permission denied', remedy: 'name a directory that this user may create and write' },
  unusable: { message: 'a file may not be read or written', remedy: 'give it to the user of this process' },
  readOnly: { message: 'the disk is read only', remedy: 'mount the disk of target.path writable' },
  failed: { message: 'the disk failed', remedy: "look at the system's log, then restore the database from a copy" },
} as const;

/** By Node's code, SQLSTATE, the errno of Emscripten (its numbers are WASI's) or the primary result code of SQLite. */
const faultNames: Readonly<Record<string, keyof typeof faults>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'readOnly',
  EIO: 'failed',
  '53100': 'full',
  // A write that finds no room ends a COPY in its middle; PGlite drops the reason, and tells of the portal that is left.
  '24000': 'full',
  '42501': 'unusable',
  '58030': 'failed',
  'emscripten 51': 'full',
  'emscripten 19': 'full',
  'emscripten 2': 'unusable',
  'emscripten 63': 'unusable',
  'emscripten 69': 'readOnly',
  'emscripten 29': 'failed',
  'sqlite 13': 'full',
  'sqlite 14': 'denied',
  'sqlite 8': 'readOnly',
  'sqlite 10': 'failed',
};

const MIN_FREE_BYTES = 64 * 1024;
const READ_WRITE = constants.R_OK | constants.W_OK;
const ANYBODY_READS = 0o444;

/** `file_unusable` when an error is about the disk below a database, whoever tells it; else undefined. */
export function diskFaultOf(error: unknown): ScenedimError | undefined {
  const name = faultNames[errorCodeOf(error) ?? ''] ?? faultNames[numberedCodeOf(error)];
  return name === undefined ? undefined : diskFault(name, error instanceof Error ? messageOf(error) : '', error);
}

/** What an error of PGlite says; Emscripten's are no errors and have only a number. */
export function pgliteMessageOf(error: unknown): string {
  return (!(error instanceof Error) && numberedCodeOf(error)) || messageOf(error);
}

/** Looks at the disk for the reason why PGlite could not open a database, because PGlite does not tell it. */
export async function findDiskFault(directory: string, cause: unknown): Promise<ScenedimError | undefined> {
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize < MIN_FREE_BYTES) return diskFault('full', '', cause);
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!(await isUsable(file))) return diskFault('unusable', file, cause);
  }
  return undefined;
}

/** Emscripten refuses a file that nobody may read to root, too. */
async function isUsable(file: string): Promise<boolean> {
  try {
    await access(file, READ_WRITE);
    return ((await stat(file)).mode & ANYBODY_READS) !== 0;
  } catch {
    return false;
  }
}

/** Emscripten throws objects that are no errors; SQLite's extended codes have the primary one in the lower byte. */
function numberedCodeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('errcode' in error) return `sqlite ${Number(error.errcode) & 0xff}`;
  return 'errno' in error ? `emscripten ${error.errno}` : '';
}

function diskFault(name: keyof typeof faults, detail: string, cause: unknown): ScenedimError {
  const { message, remedy } = faults[name];
  return new ScenedimError('file_unusable', `target.path: ${message}${detail && ` (${detail})`}`, { remedy, cause });
}
