import { isScenedimError } from '../../errors.ts';
import { createPaint } from '../../report/paint.ts';
import type { Screen } from '../../report/screen.ts';
import type { Redactor } from '../../secrets/redact.ts';
import { commonSetting } from './common-setting.ts';
import { renderError, renderErrorLine } from './print-error.ts';
import type { HostProcess, SessionParts } from './session.ts';

/** Makes what writes errors to standard error; with `--log-level debug` a defect has its stack. */
export function createErrorDisplay(
  host: HostProcess,
  screen: Screen,
  redactor: Redactor,
): Pick<SessionParts, 'logsErrors' | 'showError'> {
  const paint = createPaint(host.stderr, host.env);
  const logsErrors = commonSetting(host, '--log-format', 'SCENEDIM_LOG_FORMAT') === 'json';
  return {
    logsErrors,
    showError(error) {
      const stack = !isScenedimError(error) && wantsStack(host) ? stackOf(error) : undefined;
      if (logsErrors) {
        screen.write(renderErrorLine(error, redactor, stack));
        return;
      }
      screen.write(renderError(error, redactor, paint));
      if (stack !== undefined) screen.write(`${redactor.redact(stack)}\n`);
    },
  };
}

function wantsStack(host: HostProcess): boolean {
  return commonSetting(host, '--log-level', 'SCENEDIM_LOG_LEVEL') === 'debug';
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
