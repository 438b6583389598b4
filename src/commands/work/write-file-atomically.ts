import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { reasonOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';

/**
 * Writes a file so that a reader sees the old content or the whole new one, never a part: a temporary file beside it, flushed
 * to the disk, then renamed. Nothing is left behind when it fails. Resolves with the number of bytes; `file_unusable` when the
 * file cannot be written.
 */
export async function writeFileAtomically(
  path: string,
  chunks: Iterable<string> | AsyncIterable<string>,
): Promise<number> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`;
  let bytes = 0;
  try {
    await using file = await onDisk(path, () => open(temporary, 'wx'));
    for await (const chunk of chunks) {
      const data = Buffer.from(chunk);
      await onDisk(path, () => file.writeFile(data));
      bytes += data.byteLength;
    }
    await onDisk(path, () => file.sync());
    await onDisk(path, () => rename(temporary, path));
  } catch (error) {
    // What cannot be made cannot be removed either, and the first error says why.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  return bytes;
}

/** Only failures of the disk are about the file; those of the chunks' source pass through. */
async function onDisk<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw new ScenedimError('file_unusable', `${path} cannot be written (${reasonOf(cause)})`, {
      remedy: 'check that the directory exists, may be written and has room',
      cause,
    });
  }
}
