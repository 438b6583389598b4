import { PassThrough } from 'node:stream';
import { runCli } from '../../src/commands/run-cli.ts';

/**
 * Runs a command in this process as on a terminal, where somebody types `answer` when asked; null closes the terminal.
 * Resolves with what was printed and what was asked.
 */
export async function onTerminal(
  cwd: string,
  args: readonly string[],
  answer: string | null,
): Promise<TerminalOutcome> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stdout = new PassThrough();
  const stderr = Object.assign(new PassThrough(), { isTTY: true });
  let printed = '';
  let asked = '';
  stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  stderr.on('data', (chunk: Buffer) => {
    if (!chunk.toString().endsWith(']: ')) return;
    asked += chunk;
    if (answer === null) stdin.end();
    else stdin.write(`${answer}\n`);
  });
  const argv = ['node', 'scenedim', ...args];
  const host = { argv, env: {}, stdin, stdout, stderr, cwd: () => cwd, on: () => {} };
  return { code: await runCli(host, () => {}), printed, asked };
}

export interface TerminalOutcome {
  readonly code: number;
  readonly printed: string;
  /** The questions, each up to the place where the answer is typed. */
  readonly asked: string;
}
