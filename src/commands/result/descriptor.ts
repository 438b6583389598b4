/**
 * Descriptors by name: `/dev/stderr`, `/dev/fd/3`. What is behind one is what the shell has opened; it is written through the
 * descriptor, because opening it by its name would begin a file anew that others append to.
 */
import { fstatSync, readdirSync, type Stats, write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { errorCodeOf } from '../../error-text.ts';

const NAME = new RegExp(`^/(?:dev/fd|proc/(?:self|${process.pid})/fd)/([0-9]{1,9})$`);

/** The number that a name stands for; null when it is no name of a descriptor. Links are not followed. */
export function descriptorOf(path: string): number | null {
  const number = NAME.exec(path)?.[1];
  return number === undefined ? null : Number(number);
}

/** True for a descriptor that the shell has opened for writing. Writing to one of Node's own pipes would end the process. */
export function isGivenDescriptor(descriptor: number, stats: Stats): boolean {
  if (stats.isFIFO()) return isWritable(descriptor) && (descriptor <= 2 || !hasReadingEnd(stats));
  if (stats.isSocket()) return descriptor <= 2;
  return stats.isFile() || stats.isCharacterDevice();
}

/** Writes all of it where the descriptor stands, and leaves it open. */
export async function writeToDescriptor(descriptor: number, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.byteLength; ) {
    try {
      const { bytesWritten } = await promisify(write)(descriptor, data, done);
      done += bytesWritten;
    } catch (error) {
      if (errorCodeOf(error) !== 'EAGAIN') throw error;
      await sleep(RETRY_MS);
    }
  }
}

function hasReadingEnd({ dev, ino }: Stats): boolean {
  return readdirSync('/dev/fd').some((name) => {
    try {
      const other = fstatSync(Number(name));
      return other.dev === dev && other.ino === ino && !isWritable(Number(name));
    } catch {
      // The folder's own descriptor is closed again.
      return false;
    }
  });
}

/** Nothing is written, but a reading end refuses even that. */
function isWritable(descriptor: number): boolean {
  try {
    writeSync(descriptor, new Uint8Array(0));
    return true;
  } catch (error) {
    return errorCodeOf(error) !== 'EBADF';
  }
}

const RETRY_MS = 10;
