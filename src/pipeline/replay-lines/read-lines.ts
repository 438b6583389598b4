import { isUtf8 } from 'node:buffer';
import { ScenedimError } from '../../errors.ts';
import { shellWord } from '../../shell-word.ts';
import { encodingOf, familyOf } from '../../text-file.ts';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

/**
 * Splits UTF-8 text into its lines that are not blank; ends are `\n` or `\r\n`, the last may be
 * missing, a byte order mark at the start is skipped. Throws `bad_line` naming the line for bytes
 * that are no UTF-8 and for a line that is too long.
 */
export async function* readLines(
  input: AsyncIterable<Uint8Array>,
  options: ReadLinesOptions,
): AsyncIterable<NumberedLine> {
  const maxLineBytes = options.maxLineBytes ?? 16 * 1024 * 1024;
  let number = 0;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;

  const assertShort = (bytes: number, line: number): void => {
    if (bytes > maxLineBytes) throw badInput(options, line, `the line is longer than ${maxLineBytes} bytes`);
  };

  function* linesOf(block: Buffer): Iterable<NumberedLine> {
    const lines = isUtf8(block) ? block.toString('utf8').split('\n') : linesUntilInvalid(block);
    for (const line of lines) {
      number += 1;
      if (line === undefined) {
        const remedy = `convert it: iconv -f GBK -t UTF-8 ${fileOf(options)} | scenedim replay -; or put an answer that is not UTF-8 into body_base64`;
        throw badInput(options, number, 'the line is not UTF-8', remedy);
      }
      // A string is at least a third as long as its bytes.
      if (line.length > maxLineBytes / 3) assertShort(Buffer.byteLength(line), number);
      const text = trimEnds(line, number);
      if (text.trim() !== '') yield { line: text, number };
    }
  }

  let isFirst = true;
  for await (const chunk of input) {
    if (isFirst) assertText(chunk, options);
    isFirst = false;
    const lastNewline = chunk.lastIndexOf(NEWLINE);
    if (lastNewline !== -1) {
      const block = Buffer.concat([...pending, chunk.subarray(0, lastNewline)]);
      pending = [];
      pendingBytes = 0;
      yield* linesOf(block);
    }
    const rest = chunk.subarray(lastNewline + 1);
    pendingBytes += rest.byteLength;
    assertShort(pendingBytes, number + 1);
    if (rest.byteLength > 0) pending.push(rest);
  }
  if (pendingBytes > 0) yield* linesOf(Buffer.concat(pending));
}

/** Refuses input of which every line would be wrong, in words that say why. */
function assertText(chunk: Uint8Array, options: ReadLinesOptions): void {
  const [first, second] = chunk;
  if (first === 0x1f && second === 0x8b) {
    const remedy = `unpack it: gzip -dc ${fileOf(options)} | scenedim replay -`;
    throw badInput(options, 1, 'the input is compressed (gzip)', remedy);
  }
  const encoding = encodingOf(chunk);
  if (encoding !== null) {
    const remedy = `convert it: iconv -f ${encoding} -t UTF-8 ${fileOf(options)} | scenedim replay -`;
    throw badInput(options, 1, `the input is ${familyOf(encoding)}, not UTF-8`, remedy);
  }
}

/** The input as a word of a command to paste. */
function fileOf({ inputName }: ReadLinesOptions): string {
  return inputName === 'stdin' ? 'FILE' : shellWord(inputName);
}

/** A line without its end. */
export interface NumberedLine {
  readonly line: string;
  /** Counted from 1, blank lines included. */
  readonly number: number;
}

export interface ReadLinesOptions {
  /** What the input is called in errors: the file's name. */
  readonly inputName: string;
  /** Longest line in bytes; default 16 MiB. A longer one is refused before it is all in memory. */
  readonly maxLineBytes?: number;
}

/** The lines of a block up to the first that is no UTF-8, in whose place comes undefined. */
function* linesUntilInvalid(block: Buffer): Iterable<string | undefined> {
  let start = 0;
  while (start <= block.length) {
    const newline = block.indexOf(NEWLINE, start);
    const end = newline === -1 ? block.length : newline;
    const line = block.subarray(start, end);
    if (!isUtf8(line)) {
      yield undefined;
      return;
    }
    yield line.toString('utf8');
    start = end + 1;
  }
}

function trimEnds(line: string, number: number): string {
  const start = number === 1 && line.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  return line.slice(start, line.endsWith('\r') ? -1 : undefined);
}

function badInput(options: ReadLinesOptions, line: number, reason: string, remedy?: string): ScenedimError {
  return new ScenedimError('bad_line', `${options.inputName}:${line}: ${reason}`, { remedy });
}
