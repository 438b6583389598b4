import type { Command } from 'commander';
import * as z from 'zod';
import { staleAfterDays } from '../../catalog/quality-rules.ts';
import { requireDuration } from '../../config/duration.ts';
import type { Config } from '../../config/load-config.ts';
import { ScenedimError } from '../../errors.ts';
import { count, type Document } from '../../output-fields.ts';
import type { Ink, Paint } from '../../report/paint.ts';
import { printable } from '../../report/printable.ts';
import { addAppIds } from '../session/app-ids-option.ts';
import type { RunAction } from '../session/run-action.ts';
import type { CommonOptions, Session } from '../session/session.ts';
import { withTarget } from '../target/with-target.ts';
import { type CheckedFinding, findingOf, worstExitCode } from './check-finding.ts';
import { checkSource, type QuotaQuestion } from './check-source.ts';
import { checkTarget } from './check-target.ts';

export const description =
  'Looks at everything a run needs and says what to do where something is missing: config, credentials, target, schema, ' +
  'clock, data. Writes nothing. Without --quota it sends no credential to WeChat. No command ever clears a quota.';

export const examples = [
  ['check', 'before the first sync, and when something is wrong'],
  ['check --json', 'for a monitor'],
  ['check --quota --app-id wx0123456789abcdef', 'how many calls WeChat allows today'],
] as const;

export function define(command: Command, run: RunAction): void {
  const staleAfter = (text: string) => requireDuration(text, '--stale-after');
  addAppIds(command, 'with --quota: only this account, and those named likewise (repeatable)')
    .option('--stale-after <duration>', 'tell accounts without an ok answer for this long (default: 2d)', staleAfter)
    .option('--quota', 'ask WeChat how many calls are left today, for up to 20 accounts')
    .action(
      run<CheckFlags>(async (session, { json, quiet, quota, appId = [], staleAfter = DEFAULT_STALE_MS }) => {
        if (quota !== true && appId.length > 0) {
          throw new ScenedimError('usage', '--app-id goes with --quota', {
            remedy: 'add --quota, or leave out --app-id',
          });
        }
        const config = await session.loadConfig();
        const question = quota === true ? { appIds: appId } : null;
        const findings = await collect(session, config, staleAfter, question);
        const exitCode = worstExitCode(findings);
        if (json === true) await session.out.printJson(toDocument(findings, exitCode, session));
        else {
          const shown = findings.filter(({ level }) => quiet !== true || level !== 'ok');
          await session.out.print(session.redactor.redact(render(shown, session.out.paint)));
        }
        return exitCode;
      }),
    );
}

interface CheckFlags extends CommonOptions {
  /** Milliseconds. */
  readonly staleAfter?: number;
  readonly quota?: true;
  readonly appId?: readonly string[];
}

const DEFAULT_STALE_MS = staleAfterDays * 86_400_000;

async function collect(
  session: Session,
  config: Config,
  staleAfterMs: number,
  question: QuotaQuestion | null,
): Promise<readonly CheckedFinding[]> {
  const findings: CheckedFinding[] = [{ level: 'ok', subject: 'config', message: config.file, exitCode: 0 }];
  findings.push(...(await checkSource(session, config, question)));
  try {
    findings.push(
      ...(await withTarget(session, config, { label: 'check' }, (context) =>
        checkTarget(session, context, config, staleAfterMs),
      )),
    );
  } catch (error) {
    findings.push(findingOf(error, 'target'));
  }
  return findings;
}

const levels = ['ok', 'warning', 'error'] as const;

/** What `check --json` prints. */
export const checkDocumentSchema = z.strictObject({
  outcome: z.enum(levels),
  exit_code: count,
  findings: z.array(
    z.strictObject({
      level: z.enum(levels),
      subject: z.string(),
      message: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});

function toDocument(
  findings: readonly CheckedFinding[],
  exitCode: number,
  { redactor }: Session,
): Document<typeof checkDocumentSchema> {
  return {
    outcome: levels.findLast((level) => findings.some((finding) => finding.level === level)) ?? 'ok',
    exit_code: exitCode,
    findings: findings.map(({ level, subject, message, remedy }) => {
      return {
        level,
        subject,
        message: redactor.redact(message),
        remedy: remedy === undefined ? null : redactor.redact(remedy),
      };
    }),
  };
}

const inks: Readonly<Record<CheckedFinding['level'], Ink>> = { ok: 'green', warning: 'yellow', error: 'red' };

function render(findings: readonly CheckedFinding[], paint: Paint): string {
  const width = Math.max(0, ...findings.map(({ subject }) => subject.length));
  return findings
    .map(({ level, subject, message, remedy }) => {
      const first = `${paint(inks[level], level.padEnd(7))}  ${subject.padEnd(width)}  ${printable(message)}\n`;
      const second = `${' '.repeat(width + 11)}${paint('cyan', 'remedy:')} ${printable(remedy ?? '')}\n`;
      return level === 'ok' || remedy === undefined ? first : first + second;
    })
    .join('');
}
