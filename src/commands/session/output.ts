import type { Writable } from 'node:stream';
import { ScenedimError } from '../../errors.ts';
import { type ColorStream, createPaint, type Paint } from '../../report/paint.ts';

/** Whoever read our standard output has closed it (`scenedim export | head`): stop quietly. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

/** Standard output: results only. */
export interface Output {
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined when it is none, so that nothing is cut in a file. */
  readonly columns: number | undefined;
  readonly paint: Paint;
  /** Resolves when the reader has taken it; rejects with {@link OutputClosedError} when nobody reads any more. */
  print(chunk: string | Uint8Array): Promise<void>;
  /** Prints one JSON document, indented on a terminal. */
  printJson(document: unknown): Promise<void>;
}

/**
 * Wraps a stream; `process.stdout` is one. A full disk is `file_unusable`. `beforePrint` takes a
 * progress bar off the terminal that both streams often share.
 */
export function createOutput(
  stream: Writable & ColorStream & { readonly columns?: number | undefined },
  environment: Readonly<Record<string, string | undefined>>,
  beforePrint: () => void,
): Output {
  let broken: Error | undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    broken = outputError(error);
  });
  const isTerminal = stream.isTTY === true;
  const print = (chunk: string | Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) return reject(broken);
      beforePrint();
      stream.write(chunk, (error) => (error ? reject(outputError(error)) : resolve()));
    });
  return {
    isTerminal,
    get columns() {
      return isTerminal ? stream.columns : undefined;
    },
    paint: createPaint(stream, environment),
    print,
    printJson: (document) => print(`${JSON.stringify(document, null, isTerminal ? 2 : undefined)}\n`),
  };
}

function outputError(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED')
    return new OutputClosedError('nobody reads the output');
  return new ScenedimError('file_unusable', `standard output cannot be written (${error.code ?? error.message})`, {
    remedy: 'make room where the output goes',
    cause: error,
  });
}
