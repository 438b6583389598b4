import type { ColorStream } from './paint.ts';

/** A stream that text goes to; `process.stderr` is one. */
export interface ScreenStream extends ColorStream {
  write(text: string): unknown;
  readonly columns?: number;
}

/** Standard error: log lines, and below them at most one line that is rewritten in place. */
export interface Screen {
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 when it is none. */
  readonly columns: number;
  /** Writes whole lines above the live line. */
  write(text: string): void;
  /** Shows a live line, or takes it away; nothing happens when this is no terminal. */
  setLiveLine(text: string | undefined): void;
}

const CLEAR_LINE = '\r\u001b[2K';

/** Wraps a stream so that a progress bar and log lines never tear each other apart. */
export function createScreen(stream: ScreenStream): Screen {
  const isTerminal = stream.isTTY === true;
  let live: string | undefined;
  return {
    isTerminal,
    get columns() {
      return stream.columns ?? 80;
    },
    write(text) {
      stream.write(live === undefined ? text : `${CLEAR_LINE}${text}${live}`);
    },
    setLiveLine(text) {
      if (!isTerminal || text === live) return;
      if (text !== undefined) stream.write(`${CLEAR_LINE}${text}`);
      else stream.write(CLEAR_LINE);
      live = text;
    },
  };
}
