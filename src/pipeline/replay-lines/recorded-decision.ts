import { holdReasons, observationStatuses, type RecordedDecision } from '../../dimension/observation.ts';
import { badLine, instantField, type LineFields, textField } from './replay-field.ts';

/** As long as a fetched body can make one. */
const MAX_TEXT_LENGTH = 1024 * 1024;

/** Fields that mean nothing without `status`. */
const dependents = ['hold_reason', 'decided_at', 'decision_note', 'error_code', 'error_message'] as const;

/**
 * Reads `status` and what belongs to it; null when the line has none. Throws `bad_line` for what
 * contradicts itself.
 */
export function readDecision(fields: LineFields, hasBody: boolean): RecordedDecision | null {
  const statusText = textField(fields, 'status');
  if (statusText === null) {
    for (const name of dependents) if (isGiven(fields, name)) throw badLine(`${name} is given without status`);
    return null;
  }
  const status = choiceOf('status', statusText, observationStatuses);
  const holdReasonText = textField(fields, 'hold_reason');
  const decision = {
    status,
    holdReason: holdReasonText === null ? null : choiceOf('hold_reason', holdReasonText, holdReasons),
    decidedAt: instantField(fields, 'decided_at'),
    decisionNote: boundedField(fields, 'decision_note'),
    errorCode: errorCodeField(fields),
    errorMessage: boundedField(fields, 'error_message'),
  };
  assertCoherent(decision, hasBody);
  return decision;
}

function assertCoherent(decision: RecordedDecision, hasBody: boolean): void {
  const { status, holdReason, decidedAt, decisionNote, errorCode, errorMessage } = decision;
  if (decisionNote !== null && decidedAt === null) throw badLine('decision_note is given without decided_at');
  if (status === 'failed') {
    if (!hasBody && errorCode === null)
      throw badLine('error_code is missing: status failed needs it, or a body that tells it');
    if (holdReason !== null) throw badLine('hold_reason does not go with status failed');
    if (decidedAt !== null) throw badLine('decided_at does not go with status failed');
    return;
  }
  if (!hasBody) throw badLine(`body is missing: status ${status} needs it`);
  if (status === 'held' && holdReason === null) throw badLine('hold_reason is missing: status held needs it');
  if (errorCode !== null) throw badLine(`error_code does not go with status ${status}`);
  if (errorMessage !== null) throw badLine(`error_message does not go with status ${status}`);
}

function errorCodeField(fields: LineFields): string | null {
  const code = textField(fields, 'error_code');
  if (code !== null && !/^[^\p{Cc}]{1,128}$/u.test(code)) {
    throw badLine('error_code must be 1 to 128 characters without control characters');
  }
  return code;
}

/** Bounded, so that `export-log` writes no line that is too long for `replay`. */
function boundedField(fields: LineFields, name: string): string | null {
  const text = textField(fields, name);
  if (text !== null && text.length > MAX_TEXT_LENGTH) {
    throw badLine(`${name} has ${text.length} characters, more than ${MAX_TEXT_LENGTH}`);
  }
  return text;
}

function choiceOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw badLine(`${name} must be one of ${choices.join(', ')}, not ${quote(text)}`);
  return choice;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function isGiven(fields: LineFields, name: string): boolean {
  return fields[name] !== undefined && fields[name] !== null;
}
