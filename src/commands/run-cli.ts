import { setTimeout as delay } from 'node:timers/promises';
import { Command, CommanderError } from 'commander';
import { ScenedimError } from '../errors.ts';
import { readProgramVersion } from '../process/program-version.ts';
import { createScreen } from '../report/screen.ts';
import { createRedactor } from '../secrets/redact.ts';
import { type CommandModule, commandList } from './command-list.ts';
import { createErrorDisplay } from './session/error-display.ts';
import { LateEnd } from './session/late-end.ts';
import { createOutput, type Output, OutputClosedError } from './session/output.ts';
import { errorDocument, exitCodeOf } from './session/print-error.ts';
import { assertOperands, refuseEmptyValues } from './session/refuse-empty-values.ts';
import type { RunAction } from './session/run-action.ts';
import { createSession, type HostProcess, type SessionParts } from './session/session.ts';
import { assertGrace, GRACE, graceMsOf, listenForSignals } from './session/stop-signals.ts';
import { TerminationMessage } from './session/termination-message.ts';
import { usageError } from './session/usage-error.ts';

/** How long a stopped command waits for somebody to read what it printed. */
const FLUSH_MS = 1_000;

/**
 * Runs the command that `host.argv` names and resolves with the exit status. `exit` ends the
 * process at once: for a second signal, and for a defect that nobody caught.
 */
export async function runCli(host: HostProcess, exit: (code: number) => void): Promise<number> {
  const stopping = new AbortController();
  const redactor = createRedactor();
  const screen = createScreen(host.stderr);
  const out = createOutput(host.stdout, host.env, () => screen.setLiveLine(undefined));
  const { logsErrors, showError } = createErrorDisplay(host, screen, redactor);
  const terminationMessage = new TerminationMessage(commandList.find(({ name }) => host.argv.includes(name))?.name);
  host.stderr.on('error', () => {});
  const lateEnd = new LateEnd((error, status) => {
    showError(error);
    terminationMessage.leaveError(status, errorDocument(error, redactor));
  }, exit);
  const endLate = (status: number): void => {
    const error = new ScenedimError('interrupted', 'the work did not end within --grace', { remedy: 'run it again' });
    void lateEnd.end(error, status);
  };
  const endAtOnce = (status: number): void => {
    terminationMessage.leaveStatus(status);
    exit(status);
  };
  const stop = listenForSignals(host, stopping, { exit: endAtOnce, endLate, write: (text) => screen.write(text) });
  const { stoppedBy } = stop;
  const fail = async (error: unknown): Promise<void> => {
    screen.setLiveLine(undefined);
    if (error instanceof OutputClosedError) return;
    showError(error);
    const document = errorDocument(error, redactor);
    terminationMessage.leaveError(stoppedBy() ?? exitCodeOf(error), document);
    if (host.argv.includes('--json')) await out.printJson(document).catch(() => {});
  };
  let settled: number | undefined;
  const parts: SessionParts = {
    signal: stopping.signal,
    stoppedBy,
    settle: (status) => {
      settled = status;
    },
    out,
    screen,
    redactor,
    showError,
    logsErrors,
    fail,
    terminationMessage,
    lateEnd,
    graceMs: graceMsOf(host),
  };
  const crash = (error: unknown): void => void lateEnd.end(error, exitCodeOf(error), fail);
  host.on('uncaughtException', crash);
  host.on('unhandledRejection', crash);

  const code = await runCommand(host, parts);
  await flush(out, stoppedBy() !== undefined);
  stop[Symbol.dispose]();
  const status = settled ?? stoppedBy() ?? code;
  terminationMessage.leaveStatus(status);
  return status;
}

/** Resolves with the exit status, also when the command fails. */
async function runCommand(host: HostProcess, parts: SessionParts): Promise<number> {
  try {
    assertGrace(host);
    return await parse(host, parts.out.print, parts);
  } catch (error) {
    await parts.fail(error);
    return exitCodeOf(error);
  }
}

/** Whatever is still buffered must be out before the process ends, but a stop does not wait for a reader that has stalled. */
async function flush(out: Output, isStopped: boolean): Promise<void> {
  const flushed = out.print('').catch(() => {});
  await (isStopped ? Promise.race([flushed, delay(FLUSH_MS, undefined, { ref: false })]) : flushed);
}

async function parse(host: HostProcess, print: (text: string) => Promise<void>, parts: SessionParts): Promise<number> {
  let code = 0;
  let help = '';
  const run: RunAction =
    (action) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      assertOperands(command);
      const options = command.optsWithGlobals() as Parameters<typeof action>[1];
      const operands = given
        .slice(0, -2)
        .flat()
        .filter((operand) => operand !== undefined) as string[];
      code = await action(await createSession(options as object, host, parts), options, operands);
    };
  const program = createProgram((text) => {
    help += text;
  });
  refuseEmptyValues(program);
  for (const entry of commandList) {
    const command = program.command(entry.name).summary(entry.summary);
    if (!host.argv.includes(entry.name)) continue;
    const { description, examples, define } = await entry.load();
    define(command.description(description).addHelpText('after', renderExamples(examples)), run, commandList);
    refuseEmptyValues(command);
  }
  try {
    await program.parseAsync(host.argv.slice(2), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) {
      const names = commandList.map(({ name }) => name);
      throw usageError(error, program.args, names);
    }
    await print(help);
    return 0;
  }
  return code;
}

function renderExamples(examples: CommandModule['examples']): string {
  const lines = examples.flatMap(([commandLine, purpose]) => [`  # ${purpose}`, `  $ scenedim ${commandLine}`]);
  return `\nExamples:\n${lines.join('\n')}`;
}

function createProgram(write: (text: string) => void): Command {
  return new Command('scenedim')
    .description("Keeps a slowly changing dimension of WeChat's access sources (scenes) in your warehouse.")
    .version(readProgramVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .option('-c, --config <file>', 'config file (default: scenedim.yaml, else config/scenedim.yaml)')
    .option('--json', 'print one JSON document on stdout, nothing else')
    .option('-q, --quiet', 'print nothing but results, warnings and errors')
    .option('--grace <duration>', `how long a stop by SIGINT or SIGTERM may take (default: ${GRACE})`)
    .option('--log-level <level>', 'debug, info (default), warn (default on a terminal), error or silent')
    .option('--log-format <format>', 'pretty (default on a terminal) or json')
    .configureHelp({ showGlobalOptions: true, helpWidth: 80 })
    .configureOutput({ writeOut: write, writeErr: () => {}, outputError: () => {}, getOutHelpWidth: () => 80 })
    .addHelpText('after', firstSteps)
    .exitOverride();
}

const firstSteps = `
First steps:
  $ scenedim demo          see it work, nothing to set up
  $ scenedim init          write a config
  $ scenedim check         find out what is missing
  $ scenedim plan          look before you leap
  $ scenedim sync          do it`;
