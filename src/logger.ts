import { type Logger as PinoLogger, pino } from 'pino';
import { systemClock } from './clock.ts';
import { formatInstant } from './instant.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['pretty', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `pretty` for people, `json` (one object a line) for machines. */
  readonly format: LogFormat;
  /** Only for `pretty`. */
  readonly colors: boolean;
  /** Takes the secrets out of a line; run over everything that is written. */
  readonly redact: (text: string) => string;
  /** Where whole lines go, written at once and in order. */
  readonly write: (text: string) => void;
}

/** The program's logger. It writes synchronously, so nothing is lost when the process ends. */
export async function createLogger(options: LoggerOptions): Promise<PinoLogger> {
  const write = (line: string): void => options.write(options.redact(line));
  const settings = {
    level: options.level,
    base: null,
    timestamp: () => `,"time":"${formatInstant(systemClock.now())}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (options.format === 'json') return pino(settings, { write });
  const { prettyFactory } = await import('pino-pretty');
  const prettify = prettyFactory({
    colorize: options.colors,
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    ignore: 'pid,hostname',
  });
  return pino(settings, { write: (line: string) => write(prettify(line)) });
}
