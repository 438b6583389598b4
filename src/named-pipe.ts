/**
 * Files that may be named pipes. Node waits for the other end of a pipe in a thread that nothing
 * can stop, so a process that was told to stop would not end. Here the wait ends.
 */
import { closeSync, constants, existsSync, open, openSync } from 'node:fs';
import { open as openFile, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/** A pipe as a stream: it ends at once when it is destroyed, also while the other end is silent. */
export async function openPipe(path: string, direction: 'read' | 'write', signal?: AbortSignal): Promise<Socket> {
  signal?.throwIfAborted();
  using pin = pinPath(path);
  const flags = constants.O_NONBLOCK | (direction === 'read' ? constants.O_WRONLY : constants.O_RDONLY);
  // Opens the other end for a moment, again and again: the thread may not be waiting yet.
  let retry: NodeJS.Timeout | undefined;
  const release = (): void => {
    retry = setTimeout(release, RELEASE_RETRY_MS);
    try {
      closeSync(openSync(pin.path, flags));
    } catch {
      // Nobody waits yet.
    }
  };
  signal?.addEventListener('abort', release, { once: true });
  try {
    const fd = await promisify(open)(pin.path, direction === 'read' ? 'r' : 'w', undefined);
    if (signal?.aborted === true) closeSync(fd);
    signal?.throwIfAborted();
    return new Socket({ fd, readable: direction === 'read', writable: direction === 'write' });
  } finally {
    clearTimeout(retry);
    signal?.removeEventListener('abort', release);
  }
}

/** Flag of Linux: opens neither end. */
const O_PATH = 0o10000000;

/**
 * A path that leads to the file also after `rm` of its name; where there is no /proc, the path
 * itself.
 */
function pinPath(path: string): Disposable & { readonly path: string } {
  if (process.platform !== 'linux') return { path, [Symbol.dispose]: () => {} };
  const fd = openSync(path, O_PATH);
  const byNumber = `/proc/self/fd/${fd}`;
  return { path: existsSync(byNumber) ? byNumber : path, [Symbol.dispose]: () => closeSync(fd) };
}

/**
 * True when the path leads to a pipe: `mkfifo`, or `/dev/fd/63` as a shell's `<(…)` and `>(…)` give
 * it.
 */
export async function isPipe(path: string): Promise<boolean> {
  return (await stat(path)).isFIFO();
}

/**
 * A file or pipe as a stream of bytes; rejects when it cannot be opened. An aborted `signal` ends
 * it with its reason.
 */
export async function openReadable(path: string, signal?: AbortSignal): Promise<Readable> {
  const stream = (await isPipe(path))
    ? await openPipe(path, 'read', signal)
    : (await openFile(path)).createReadStream({ highWaterMark: CHUNK_BYTES });
  return signal === undefined ? stream : endWithReason(stream, signal);
}

/** Node's `addAbortSignal` would end the stream with an AbortError instead of the reason. */
function endWithReason(stream: Readable, signal: AbortSignal): Readable {
  const end = (): void => {
    stream.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  };
  // Nobody may read it yet; whoever does is told.
  stream.on('error', () => {});
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return stream.once('close', () => signal.removeEventListener('abort', end));
}

const CHUNK_BYTES = 256 * 1024;
const RELEASE_RETRY_MS = 10;
