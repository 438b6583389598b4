import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { reasonOf } from '../../error-text.ts';
import { ScenedimError } from '../../errors.ts';
import { openReadable } from '../../named-pipe.ts';

/** An opened input; disposing closes it. Reading it throws `file_unusable`. */
export interface Input extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** For messages: the path as it was given, or `stdin`. */
  readonly name: string;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

export interface InputPlace {
  readonly signal?: AbortSignal;
  /** Default: those of this process. */
  readonly workingDirectory?: string;
  readonly stdin?: Readable;
}

/**
 * Opens a file for reading, `-` is standard input. Throws `file_unusable`, which names the file,
 * when it cannot. An aborted `signal` ends the reading at once with its reason, also when nothing
 * comes out of a pipe for long.
 */
export async function openInput(path: string, place: InputPlace = {}): Promise<Input> {
  const { signal, workingDirectory = process.cwd() } = place;
  if (path === '-') {
    const { stdin = process.stdin } = place;
    return toInput('stdin', signal === undefined ? stdin : addAbortSignal(signal, stdin), signal);
  }
  try {
    return toInput(path, await openReadable(resolve(workingDirectory, path), signal), signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(path, error);
  }
}

function toInput(name: string, stream: Readable, signal: AbortSignal | undefined): Input {
  return {
    name,
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of stream) yield chunk as Uint8Array;
      } catch (error) {
        signal?.throwIfAborted();
        throw unreadable(name, error);
      }
    },
    async [Symbol.asyncDispose]() {
      stream.destroy();
    },
  };
}

function unreadable(name: string, error: unknown): ScenedimError {
  const code = reasonOf(error);
  return new ScenedimError('file_unusable', `cannot read ${name}: ${reasons[code] ?? code}`, {
    remedy: 'name a file that can be read, or - for standard input',
    cause: error,
  });
}
