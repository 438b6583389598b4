import { Option } from 'commander';
import { parseDuration } from '../../config/duration.ts';
import { ScenedimError } from '../../errors.ts';
import { type Micros, parseInstant, requireInstant } from '../../instant.ts';

/** The option `--since`, whose value is a {@link Since}. */
export function sinceOption(description: string, fallback: string): Option {
  return new Option('--since <when>', description).argParser(parseSince).default(parseSince(fallback), fallback);
}

/** The value of `--since`: an instant, once it is known what time it is. */
export type Since = (now: Micros) => Micros;

/** So many milliseconds ago, in 1970 at the earliest. */
function ago(ms: number): Since {
  return (now) => (now < BigInt(ms) * 1000n ? 0n : now - BigInt(ms) * 1000n);
}

/** A time, or how long ago; anything else is a `usage` error. */
function parseSince(text: string): Since {
  const duration = parseDuration(text);
  if (duration !== undefined) return ago(duration);
  if (parseInstant(text) !== undefined) {
    const instant = requireInstant(text, '--since');
    return () => instant;
  }
  throw new ScenedimError('usage', `--since: "${text}" is neither a duration nor a time`, {
    remedy: 'write how long ago, like 7d, or a time with an offset, like 2026-03-01T00:00:00+08:00',
  });
}
