import * as z from 'zod';
import { formatInstant, type Micros } from '../../instant.ts';
import { count, type Document, time } from '../../output-fields.ts';
import { type AccountStanding, accountStates, stateOf } from '../target/account-standing.ts';

const statusRow = z.strictObject({
  app_id: z.string(),
  state: z.enum(accountStates),
  last_ok_at: time.nullable(),
  last_observed_at: time.nullable(),
  last_attempt_at: time,
  last_error_code: z.string().nullable(),
  last_error_message: z.string().nullable(),
  held: z.boolean(),
  removals_suspended_since: time.nullable(),
});

/** What `status --json` prints. */
export const statusDocumentSchema = z.strictObject({ accounts: z.array(statusRow), accounts_total: count });

/** One account of `status --json`. */
export function toStatusRow(standing: AccountStanding): Document<typeof statusRow> {
  const { head, waiting } = standing;
  return {
    app_id: head.appId,
    state: stateOf(standing),
    last_ok_at: textOf(head.lastOkAt),
    last_observed_at: textOf(head.lastObservedAt),
    last_attempt_at: formatInstant(head.lastAttemptAt),
    last_error_code: head.lastErrorCode,
    last_error_message: head.lastErrorMessage,
    held: waiting !== null,
    removals_suspended_since: textOf(head.removalsSuspendedSince),
  };
}

function textOf(instant: Micros | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
