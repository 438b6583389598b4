import type { Micros } from '../../instant.ts';
import type { Loader } from '../../load/loader.ts';

/** True when an account has an ok or held answer that is not older than `now`; one held by hand does not count. */
export async function hasAnswerSince(
  loader: Loader,
  appId: string,
  now: Micros,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const { observedAt, status, holdReason } of loader.readObservations({ appIds: [appId] }, signal)) {
    if (observedAt < now || status === 'failed') continue;
    if (status === 'ok' || holdReason !== 'manual') return true;
  }
  return false;
}
