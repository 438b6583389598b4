import type { Stats } from 'node:fs';
import { copyFile, type FileHandle, lstat, open, readlink, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { errorCodeOf, reasonOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import { openPipe } from '../../named-pipe.ts';
import { descriptorOf, isGivenDescriptor, writeToDescriptor } from './descriptor.ts';
import { removeLeftovers, temporaryBeside } from './temporary-file.ts';

type Chunks = Iterable<string> | AsyncIterable<string | Uint8Array>;

/**
 * Writes a file so that a reader sees the old content or the whole new one, never a part: a temporary file beside it, flushed
 * to the disk, then renamed. A link is followed. What cannot be replaced is written in place: a device, a pipe, a file that is
 * mounted alone, a file in a folder that may not be written. A descriptor, like `/dev/stderr` or `/dev/fd/3`, is written where
 * it stands. Nothing is left behind when it fails; what a process left that was killed, the next one removes. Resolves with the
 * number of bytes; `file_unusable` when the file cannot be written. `signal` ends the wait for a pipe's reader.
 */
export async function writeFileAtomically(path: string, chunks: Chunks, signal?: AbortSignal): Promise<number> {
  const existing = await onDisk(path, () => stat(path).catch(noneWhenMissing));
  const target = await onDisk(path, () => followLinks(path));
  const descriptor = descriptorOf(target);
  if (descriptor !== null && (existing === null || !isGivenDescriptor(descriptor, existing))) throw notGiven(path);
  if (existing?.isFIFO() === true) return writeToPipe(path, chunks, signal);
  if (descriptor !== null) return writeEach(path, chunks, (data) => writeToDescriptor(descriptor, data));
  if (existing !== null && !existing.isFile() && !existing.isDirectory()) return writeInPlace(path, path, chunks);
  await removeLeftovers(target);
  const temporary = await temporaryBeside(target);
  try {
    await using file = await onDisk(path, () => openBeside(temporary, existing));
    if (file === null) return await writeInPlace(path, target, chunks);
    const bytes = await writeEach(path, chunks, (data) => file.writeFile(data));
    await onDisk(path, () => file.sync());
    await onDisk(path, () => replace(temporary, target));
    return bytes;
  } catch (error) {
    // What cannot be made cannot be removed either, and the first error says why.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** Null when there is a file already, in a folder that takes no other. */
async function openBeside(temporary: string, existing: Stats | null): Promise<FileHandle | null> {
  try {
    return await open(temporary, 'wx', existing?.mode ?? 0o666);
  } catch (error) {
    if (existing === null || !['EACCES', 'EPERM', 'EROFS'].includes(errorCodeOf(error) ?? '')) throw error;
    return null;
  }
}

/** A mount point cannot be renamed over, so its content is exchanged. */
async function replace(temporary: string, target: string): Promise<void> {
  try {
    await rename(temporary, target);
  } catch (error) {
    if (errorCodeOf(error) !== 'EBUSY') throw error;
    await copyFile(temporary, target);
    await rm(temporary);
  }
}

async function writeInPlace(path: string, target: string, chunks: Chunks): Promise<number> {
  await using file = await onDisk(path, () => open(target, 'w'));
  return await writeEach(path, chunks, (data) => file.writeFile(data));
}

async function writeEach(
  path: string,
  chunks: Chunks,
  write: (data: Uint8Array) => Promise<void>,
  signal?: AbortSignal,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    await onDisk(path, () => write(data), signal);
    bytes += data.byteLength;
  }
  return bytes;
}

async function writeToPipe(path: string, chunks: Chunks, signal: AbortSignal | undefined): Promise<number> {
  const pipe = await onDisk(path, () => openPipe(path, 'write', signal), signal);
  // A stream tells an error to the write, and after that as an event.
  pipe.on('error', () => {});
  const stop = (): void => void pipe.destroy();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const bytes = await writeEach(path, chunks, (data) => written(pipe, (done) => pipe.write(data, done)), signal);
    await onDisk(path, () => written(pipe, (done) => pipe.end(done)), signal);
    return bytes;
  } finally {
    signal?.removeEventListener('abort', stop);
    pipe.destroy();
  }
}

function written(pipe: Writable, write: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((fulfil, reject) => {
    pipe.once('error', reject);
    write((error) => {
      pipe.off('error', reject);
      if (error === undefined || error === null) fulfil();
      else reject(error);
    });
  });
}

/** Where a link ends, also when nothing is there yet. A descriptor is an end, though it looks like a link to what is behind it. */
async function followLinks(path: string, links = 0): Promise<string> {
  if (descriptorOf(path) !== null) return path;
  const entry = await lstat(path).catch(noneWhenMissing);
  if (entry?.isSymbolicLink() !== true || links > 40) return path;
  return followLinks(resolve(dirname(path), await readlink(path)), links + 1);
}

function noneWhenMissing(error: unknown): null {
  if (errorCodeOf(error) === 'ENOENT') return null;
  throw error;
}

/** Only failures of the disk are about the file; those of the chunks' source, and a stop, pass through. */
async function onDisk<T>(path: string, action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ScenedimError('file_unusable', `${path} cannot be written (${reasonOf(cause)})`, {
      remedy: remedies[errorCodeOf(cause) ?? ''] ?? 'check that the directory exists, may be written and has room',
      cause,
    });
  }
}

function notGiven(path: string): ScenedimError {
  return new ScenedimError('file_unusable', `${path} cannot be written (EBADF)`, {
    remedy: 'open it where the command is started, like 3>FILE for /dev/fd/3',
  });
}

const remedies: Readonly<Record<string, string>> = {
  EPIPE: 'whoever reads from it went away; let it read to the end',
  EISDIR: 'name a file in it',
  ENOSPC: 'make room on the disk',
};
