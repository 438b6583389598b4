import type { Observation } from '../../dimension/observation.ts';
import { formatInstant } from '../../instant.ts';
import type { Problem } from './run-report.ts';

/** What the user is told about an answer that a guard held. */
export function describeHold({ appId, observedAt, holdReason }: Observation): Problem {
  const what = holdReason === 'empty' ? 'lists no scene' : 'would close more versions than guards.maxShrink allows';
  return {
    app_id: appId,
    kind: 'held',
    code: holdReason ?? 'held',
    message: `the answer at ${formatInstant(observedAt)} ${what}; it is kept, the dimension is as before`,
    remedy: `if the answer is right: scenedim accept --app-id ${appId}`,
  };
}

/** What the user is told about an account whose newest ok answer holds a row without a key. */
export function describeSuspension(appId: string, since: bigint): Problem {
  return {
    app_id: appId,
    kind: 'removals_suspended',
    code: 'removals_suspended',
    message: `since ${formatInstant(since)} its answers hold a row without a key, so no scene counts as removed`,
    remedy: 'look at scene_reject for the row; the suspension ends with the next answer whose rows all have keys',
  };
}
