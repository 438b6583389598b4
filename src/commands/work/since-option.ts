import { parseDuration } from '../../config/duration.ts';
import { ScenedimError } from '../../errors.ts';
import { type Micros, parseInstant } from '../../instant.ts';

/** The value of `--since`: from when on, where now is known. */
export type Since = (now: Micros) => Micros;

/** So many milliseconds ago, in 1970 at the earliest. */
export function ago(ms: number): Since {
  return (now) => (now < BigInt(ms) * 1000n ? 0n : now - BigInt(ms) * 1000n);
}

/** A time, or how long ago; anything else is a `usage` error. */
export function parseSince(text: string): Since {
  const duration = parseDuration(text);
  if (duration !== undefined) return ago(duration);
  const instant = parseInstant(text);
  if (instant !== undefined) return () => instant;
  throw new ScenedimError('usage', `--since: "${text}" is neither a duration nor a time`, {
    remedy: 'write how long ago, like 7d, or a time with an offset, like 2026-03-01T00:00:00+08:00',
  });
}
