import { createInterface } from 'node:readline/promises';
import { ScenedimError } from '../../errors.ts';
import { shellWord } from '../../shell-word.ts';
import type { Session } from './session.ts';

/** Something that cannot be undone, so that it takes a word for this one time: never a setting, never a flag for all. */
export interface ConsentRequest {
  /** What `--confirm` must repeat. */
  readonly name: string;
  /** What the name is, as in `the schema or dataset of this target`. */
  readonly kind: string;
  /** The value of `--confirm`. */
  readonly given: string | undefined;
  /** The command line without `scenedim` and `--confirm`. */
  readonly command: string;
}

/** Refuses a `--confirm` that names something else; `usage`. For before any work; `askConsent` does it as well. */
export function assertConfirmFits({ name, kind, given, command }: ConsentRequest): void {
  if (given === undefined || given === name) return;
  throw notConsented(`--confirm ${given} is not ${kind}`, command, name);
}

/**
 * True when `--confirm` is given, or a person at the terminal says yes to `question` (without its question mark). Rejects with
 * `usage` where there is nobody to ask; the error tells what would have been done.
 */
export async function askConsent(
  { stdin, stderr, screen, signal }: Session,
  request: ConsentRequest,
  question: string,
): Promise<boolean> {
  const { name, given, command } = request;
  assertConfirmFits(request);
  if (given !== undefined) return true;
  if (stdin.isTTY !== true || !screen.isTerminal) {
    const what = `it would ${question}; nothing was done`;
    const [word] = command.split(' ');
    throw notConsented(`${word} needs --confirm where there is no terminal to ask on: ${what}`, command, name);
  }
  // The terminal's own line: one of readline's would take Ctrl-C for an answer, and not go on after Ctrl-Z.
  const terminal = createInterface({ input: stdin, output: stderr, terminal: false });
  const { promise: left, resolve: leave } = Promise.withResolvers<string>();
  terminal.once('close', () => leave(''));
  try {
    const answer = await Promise.race([terminal.question(`${question}? [y/N]: `, { signal }), left]);
    return /^y(?:es)?$/i.test(answer.trim());
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    terminal.close();
  }
}

function notConsented(problem: string, command: string, name: string): ScenedimError {
  return new ScenedimError('usage', problem, {
    remedy: `if that is meant: scenedim ${command} --confirm ${shellWord(name)}`,
  });
}
