/** Files that are read whole: bounded, in UTF-8, and never waited for without end. */
import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCodeOf, reasonOf } from './error-text.ts';
import { openReadable } from './named-pipe.ts';
import { shellWord } from './shell-word.ts';

const MIB = 1_048_576;

/** How long {@link readTextSync} waits for the writer of a pipe, in milliseconds. */
const WRITER_WAIT_MS = 5_000;

/** Why a file holds no text that can be used, and what to do. The message goes on behind the name of the file. */
export class UnusableText extends Error {
  override readonly name = 'UnusableText';
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const silentPipe = {
  why: 'is a pipe, and nothing came through it',
  remedy: 'start what writes into it first',
} as const;

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory',
  EACCES: 'may not be read by this user',
};

export interface ReadTextOptions {
  readonly signal?: AbortSignal | undefined;
  /** A longer file is refused before it fills the memory. In bytes; default: 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * The whole text of a file or pipe, without its byte order mark. Rejects with {@link UnusableText}, with the error of Node, or
 * with the reason of an aborted `signal`; {@link describeUnreadable} puts it in words.
 */
export async function readText(path: string, { signal, maxBytes = MIB }: ReadTextOptions = {}): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of (await openReadable(path, signal)) as AsyncIterable<Buffer>) {
      assertNoOtherEncoding(chunk, path);
      length += chunk.length;
      assertLength(length, maxBytes);
      chunks.push(chunk);
    }
    return decoded(Buffer.concat(chunks), path);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/**
 * The same where nothing can be awaited: a file of at most 16 MiB. A pipe has {@link WRITER_WAIT_MS} to say something. Bytes
 * that are not UTF-8, as in a comment, become U+FFFD.
 */
export function readTextSync(path: string): string {
  const maxBytes = 16 * MIB;
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const isPipe = fstatSync(fd).isFIFO();
    const chunks: Buffer[] = [];
    let length = 0;
    const waitUntil = performance.now() + WRITER_WAIT_MS;
    for (;;) {
      const chunk = Buffer.alloc(65_536);
      const bytes = readSome(fd, chunk);
      if (bytes > 0) {
        length += bytes;
        assertLength(length, maxBytes);
        assertNoOtherEncoding(chunk.subarray(0, bytes), path);
        chunks.push(chunk.subarray(0, bytes));
      } else if (isPipe && (bytes < 0 || length === 0) && performance.now() < waitUntil) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      } else if (bytes < 0 || (isPipe && length === 0)) {
        throw new UnusableText(silentPipe.why, silentPipe.remedy);
      } else break;
    }
    return new TextDecoder().decode(Buffer.concat(chunks));
  } finally {
    closeSync(fd);
  }
}

/** The bytes read, 0 at the end, -1 when a pipe has none yet. */
function readSome(fd: number, into: Buffer): number {
  try {
    return readSync(fd, into);
  } catch (error) {
    if (errorCodeOf(error) === 'EAGAIN') return -1;
    throw error;
  }
}

/** Why a file cannot be read, to go on behind its name, and what to do: the remedy of an {@link UnusableText}, else `remedy`. */
export function describeUnreadable(cause: unknown, remedy: string): { readonly why: string; readonly remedy: string } {
  if (cause instanceof UnusableText) return { why: cause.message, remedy: cause.remedy };
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return silentPipe;
  return { why: reasons[errorCodeOf(cause) ?? ''] ?? `cannot be read (${reasonOf(cause)})`, remedy };
}

/** Refuses a chunk that begins as UTF-16 or UTF-32 does, or that holds a NUL. `path` is for the remedy. */
export function assertNoOtherEncoding(bytes: Uint8Array, path: string): void {
  const encoding = encodingOf(bytes);
  if (encoding !== null) throw new UnusableText(`is ${familyOf(encoding)}, not UTF-8`, convertedFrom(encoding, path));
  if (bytes.includes(0)) throw new UnusableText('is no text: it holds NUL bytes', 'name a text file in UTF-8');
}

/** UTF-16 or UTF-32 by the first bytes, as iconv names it: with its byte order when no mark says it. Null for any other text. */
export function encodingOf([a, b, c, d]: Uint8Array): string | null {
  if (a === 0xff && b === 0xfe) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16';
  if (a === 0xfe && b === 0xff) return 'UTF-16';
  if (a === 0 && b === 0)
    return (c === 0xfe && d === 0xff) || (c === 0 && d !== 0 && d !== undefined) ? 'UTF-32BE' : null;
  if (a === 0) return c === 0 || c === undefined ? 'UTF-16BE' : null;
  if (b === 0) return c === 0 && d === 0 ? 'UTF-32LE' : 'UTF-16LE';
  return null;
}

/** An encoding without its byte order, as people call it. */
export function familyOf(encoding: string): string {
  return encoding.replace(/[LB]E$/, '');
}

function convertedFrom(encoding: string, path: string): string {
  return `save it as UTF-8, or convert it: iconv -f ${encoding} -t UTF-8 ${shellWord(path)} > ${shellWord(`${path}.utf8`)}`;
}

function assertLength(length: number, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new UnusableText(`has more than ${maxBytes / MIB} MiB`, 'name the right file; none of this kind is so large');
}

function decoded(bytes: Buffer, path: string): string {
  if (!isUtf8(bytes)) throw new UnusableText('is not UTF-8', convertedFrom('GBK', path));
  return new TextDecoder().decode(bytes);
}
