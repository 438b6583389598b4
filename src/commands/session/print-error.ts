import { systemClock } from '../../clock.ts';
import { errorCodes, isScenedimError } from '../../errors.ts';
import { formatInstant } from '../../instant.ts';
import type { Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import type { Redactor } from '../../secrets/redact.ts';
import type { ErrorDocument } from './error-document.ts';
import { OutputClosedError } from './output.ts';

/** The exit status that an error leads to. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof OutputClosedError) return errorCodes.file_unusable.exitCode;
  return isScenedimError(error) ? error.exitCode : errorCodes.internal.exitCode;
}

/** An error as a JSON document, without secrets. Anything but a ScenedimError is a defect of ours. */
export function errorDocument(error: unknown, redactor: Pick<Redactor, 'redact'>): ErrorDocument {
  if (!isScenedimError(error)) {
    return { error: { code: 'internal', message: redactor.redact(describeDefect(error)), remedy: defectRemedy } };
  }
  const remedy = error.remedy === undefined ? null : redactor.redact(error.remedy);
  return { error: { code: error.code, message: redactor.redact(error.message), remedy } };
}

/** An error for people: `error: …`, then what to do about it. Never a stack trace, never a secret. */
export function renderError(error: unknown, redactor: Pick<Redactor, 'redact'>, paint: Paint): string {
  const { message, remedy, code } = errorDocument(error, redactor).error;
  const [first = '', ...more] = message.split('\n').map(printable);
  const head = code === 'internal' ? `${first} (this is a bug of scenedim)` : first;
  const lines = [`${paint('red', 'error:')} ${head}`, ...more.map((line) => `       ${line}`)];
  if (remedy !== null) lines.push(`${paint('cyan', 'remedy:')} ${printable(remedy)}`);
  return `${lines.join('\n')}\n`;
}

/** An error as a line of a JSON log, without secrets; `stack` is for who looks for a defect. */
export function renderErrorLine(error: unknown, redactor: Pick<Redactor, 'redact'>, stack?: string): string {
  const document = errorDocument(error, redactor).error;
  const time = formatInstant(systemClock.now());
  const trace = stack === undefined ? {} : { stack };
  return redactor.redact(
    `${JSON.stringify({ level: 'error', time, ...document, ...trace, msg: 'the command failed' })}\n`,
  );
}

const defectRemedy = 'run it again with --log-level debug, which shows where it happened, and report that';

/** The class of the error tells more than its message. */
function describeDefect(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
