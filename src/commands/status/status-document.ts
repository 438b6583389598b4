import * as z from 'zod';
import type { AccountHead } from '../../dimension/account-head.ts';
import { formatInstant, type Micros } from '../../instant.ts';
import { count, type Document, time } from '../../output-fields.ts';
import { accountStates, isHeld, stateOf } from '../work/account-state.ts';

const statusRow = z.strictObject({
  app_id: z.string(),
  state: z.enum(accountStates),
  last_ok_at: time.nullable(),
  last_observed_at: time.nullable(),
  last_attempt_at: time,
  last_error_code: z.string().nullable(),
  held: z.boolean(),
  removals_suspended_since: time.nullable(),
});

/** What `status --json` prints. */
export const statusDocumentSchema = z.strictObject({ accounts: z.array(statusRow), accounts_total: count });

/** One account of `status --json`. */
export function toStatusRow(head: AccountHead): Document<typeof statusRow> {
  return {
    app_id: head.appId,
    state: stateOf(head),
    last_ok_at: textOf(head.lastOkAt),
    last_observed_at: textOf(head.lastObservedAt),
    last_attempt_at: formatInstant(head.lastAttemptAt),
    last_error_code: head.lastErrorCode,
    held: isHeld(head),
    removals_suspended_since: textOf(head.removalsSuspendedSince),
  };
}

function textOf(instant: Micros | null): string | null {
  return instant === null ? null : formatInstant(instant);
}
