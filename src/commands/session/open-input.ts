import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { ScenedimError } from '../../errors.ts';
import { openReadable } from '../../named-pipe.ts';
import { describeUnreadable } from '../../text-file.ts';

/** An opened input; disposing closes it. Reading it throws `file_unusable`. */
export interface Input extends AsyncIterable<Uint8Array>, AsyncDisposable {
  /** For messages: the path as it was given, or `stdin`. */
  readonly name: string;
}

export interface OpenInputOptions {
  readonly signal?: AbortSignal;
  /** Relative paths start from here. Default: the working directory of this process. */
  readonly workingDirectory?: string;
  /** Default: that of this process. */
  readonly stdin?: Readable;
}

/**
 * Opens a file for reading, `-` is standard input. Throws `file_unusable`, which names the file,
 * when it cannot. An aborted `signal` ends the reading at once with its reason, also when nothing
 * comes out of a pipe for long.
 */
export async function openInput(path: string, options: OpenInputOptions = {}): Promise<Input> {
  const { signal, workingDirectory = process.cwd() } = options;
  if (path === '-') {
    const { stdin = process.stdin } = options;
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

function unreadable(name: string, cause: unknown): ScenedimError {
  const { why, remedy } = describeUnreadable(cause, 'name a file that can be read, or - for standard input');
  return new ScenedimError('file_unusable', `${name} ${why}`, { remedy, cause });
}
