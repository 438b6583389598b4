import type { Redactor } from '../secrets/redact.ts';

/** A value as JSON in one line, every text of it without secrets. */
export function redactedJson(value: unknown, { redact }: Pick<Redactor, 'redact'>): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'string' ? redact(member) : member));
}
