import { MAX_CLOCK_SKEW } from '../../clock.ts';
import { type Micros, parseInstant } from '../../instant.ts';

/** Why an answer cannot be of this time, as the end of a sentence; null when it can. */
export function flawOfTime(observedAt: Micros, now: Micros): string | null {
  if (observedAt < EARLIEST) return 'is before 2017, when mini programs began';
  return observedAt > now + MAX_CLOCK_SKEW ? 'is more than 5 minutes in the future' : null;
}

const EARLIEST = parseInstant('2017-01-01T00:00:00Z') ?? 0n;
