import type { Readable, Writable } from 'node:stream';
import { type Config, loadConfig } from '../../config/load-config.ts';
import type { Setting } from '../../config/setting-variables.ts';
import { ScenedimError } from '../../errors.ts';
import { createLogger, type LogFormat, type LogLevel, logFormats, logLevels } from '../../logger.ts';
import type { Logger } from '../../pipeline/run/run-context.ts';
import { readProgramVersion } from '../../process/program-version.ts';
import { type ColorStream, wantsColors } from '../../report/paint.ts';
import type { Screen } from '../../report/screen.ts';
import type { Redactor } from '../../secrets/redact.ts';
import { registerEarlySecrets } from './early-secrets.ts';
import type { LateEnd } from './late-end.ts';
import type { Output } from './output.ts';
import type { TerminationMessage } from './termination-message.ts';

/** What the program needs of the process around it; `process` is one. */
export interface HostProcess {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & ColorStream;
  readonly stderr: Writable & ColorStream;
  cwd(): string;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

export interface CommonOptions {
  readonly config?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly grace?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** What the program gives every command. */
export interface SessionParts {
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** The exit status for the signal that came; undefined while none came. */
  readonly stoppedBy: () => number | undefined;
  /** Fixes the exit status of the process, whatever signal comes from now on. */
  readonly settle: (status: number) => void;
  readonly out: Output;
  /** Standard error. */
  readonly screen: Screen;
  readonly redactor: Redactor;
  /** Writes an error to standard error: for people, or as a line of the JSON log where that was asked for. */
  readonly showError: (error: unknown) => void;
  /** True when errors are lines of the JSON log. */
  readonly logsErrors: boolean;
  /** Shows the error that a command ends with, with `--json` also as the document on standard output. */
  readonly fail: (error: unknown) => Promise<void>;
  readonly terminationMessage: TerminationMessage;
  /** Ends the process when its work does not end. */
  readonly lateEnd: LateEnd;
  /** How long a stop may take, in milliseconds. */
  readonly graceMs: number;
}

/** What a command is given: the parts of the program, the common options, and the config. */
export interface Session extends SessionParts {
  readonly options: CommonOptions;
  readonly environment: HostProcess['env'];
  readonly workingDirectory: string;
  readonly stdin: HostProcess['stdin'];
  readonly stderr: Writable;
  readonly logger: Logger;
  readonly logFormat: LogFormat;
  readonly programVersion: string;
  /** Reads the config with the given settings, made by flags, on top. */
  loadConfig(settings?: readonly Setting[]): Promise<Config>;
}

/** Opens a session: checks the common options and starts the logger. */
export async function createSession(options: CommonOptions, host: HostProcess, parts: SessionParts): Promise<Session> {
  const { screen, redactor } = parts;
  const environment = host.env;
  const level = logChoice(options.logLevel, environment['SCENEDIM_LOG_LEVEL'], logLevels, '--log-level');
  const format = logChoice(options.logFormat, environment['SCENEDIM_LOG_FORMAT'], logFormats, '--log-format');
  const logFormat = format ?? (screen.isTerminal ? 'pretty' : 'json');
  const logger = await createLogger({
    level: level ?? defaultLevel(options, screen),
    format: logFormat,
    colors: wantsColors(host.stderr, environment),
    redact: (text) => redactor.redact(text),
    write: (text) => screen.write(text),
  });
  return {
    ...parts,
    options,
    environment,
    workingDirectory: host.cwd(),
    stdin: host.stdin,
    stderr: host.stderr,
    logger,
    logFormat,
    programVersion: readProgramVersion(),
    async loadConfig(settings) {
      const config = await loadConfig({
        file: options.config,
        workingDirectory: host.cwd(),
        environment,
        settings: settings ?? [],
        signal: parts.signal,
      });
      registerEarlySecrets(config, environment, redactor);
      return config;
    },
  };
}

/** A person at a terminal sees the result anyway; a scheduler's log should tell how the run went. */
function defaultLevel(options: CommonOptions, screen: Screen): LogLevel {
  if (options.quiet === true || screen.isTerminal) return 'warn';
  return 'info';
}

/** The value of `--log-level` or `--log-format`, else of its variable. */
function logChoice<T extends LogLevel | LogFormat>(
  flag: string | undefined,
  variable: string | undefined,
  allowed: readonly T[],
  name: string,
): T | undefined {
  const wanted = flag ?? (variable === '' ? undefined : variable);
  if (wanted === undefined) return undefined;
  const found = allowed.find((candidate) => candidate === wanted);
  if (found !== undefined) return found;
  const origin = flag === undefined ? `SCENEDIM_${name.slice(2).replace('-', '_').toUpperCase()}` : name;
  throw new ScenedimError(flag === undefined ? 'config_invalid' : 'usage', `${origin}: "${wanted}" is not known`, {
    remedy: `use one of ${allowed.join(', ')}`,
  });
}
