import { MAX_CLOCK_SKEW } from '../../clock.ts';
import type { AccountHead } from '../../dimension/account-head.ts';
import { classifyErrorCode, errorCatalogue, REAUTHORISE } from '../../extract/error-catalogue.ts';
import { CREDENTIALS_UNUSABLE, NO_REFRESH_TOKEN } from '../../extract/scene-source.ts';
import type { Micros } from '../../instant.ts';
import type { CredentialKinds } from './listed-accounts.ts';

/** What the newest attempt of an account failed with and what to do about it; null when it did not fail. */
export function explainStoredError(head: AccountHead, kinds: CredentialKinds, now: Micros): StoredError | null {
  const { appId, lastAttemptAt, lastErrorCode: code, lastErrorMessage: message } = head;
  if (code === null) return null;
  if (lastAttemptAt > now + MAX_CLOCK_SKEW) return { code, ...fromTheFuture };
  if (kinds !== null && !kinds.has(appId)) return { code, message, ...ofNoList };
  if (code === CREDENTIALS_UNUSABLE) {
    const remedy = 'correct the variable, file, program or url that the message names, then run scenedim sync';
    return { code, message, meaning: 'the token or secret cannot be used on this machine', remedy };
  }
  if (code === NO_REFRESH_TOKEN) {
    return { code, message, meaning: 'no refresh token of the account is known', remedy: REAUTHORISE };
  }
  // Codes of our own are not in the table of WeChat's: `http_502`, `timeout`. The next run tells their remedy.
  if (!errorCatalogue.has(code) && !/^-?\d+$/.test(code)) {
    const remedy = 'run scenedim sync again: it tells what it finds';
    return { code, message, meaning: 'no usable answer came', remedy };
  }
  const credentials = kinds?.get(appId) ?? null;
  const { meaning, remedy } = classifyErrorCode({ code, endpoint: null, credentials, errmsg: message ?? '' });
  return { code, message, meaning, remedy };
}

/** A failure of a time to come: an older program recorded it, or a target without a clock (PGlite) took it. */
const fromTheFuture = {
  message: null,
  meaning: 'recorded under a clock that was ahead; newer attempts do not show until that time',
  remedy:
    'when the clock of this machine is right: scenedim export-log --output log.ndjson, delete its failed lines whose ' +
    'observed_at is still to come, move the target away, and scenedim replay log.ndjson makes a new one',
} as const;

/** Nothing asks about such an account any more, so its error stays as it is. */
const ofNoList = {
  meaning: 'the newest attempt of an account that source.accounts does not list',
  remedy: 'none is needed; to have it asked again, list it in source.accounts, or let it authorise the platform',
} as const;

export interface StoredError {
  readonly code: string;
  /** As it was told, with WeChat's rid; null when nothing was told. */
  readonly message: string | null;
  readonly meaning: string;
  readonly remedy: string;
}
